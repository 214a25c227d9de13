"""A detector ready to train or to predict: network, weights, losses and post-processing put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from cfgtool.schema import Config
from cfgtool.training.detectors.ssd import BOX_ENCODINGS, CLASS_PREDICTIONS, SsdDetector
from cfgtool.training.targets.assigner import Groundtruth
from cfgtool.training.tensors import Forward, build_detector

Batch = Mapping[str, Any]


class Assembly:
    """The configured SSD for one size of input.

    Batches are dicts as `cfgtool.training.input.pipeline` makes them.
    """

    def __init__(
        self, config: Config, *, seed: int = 0, precision: str = "float32", static_shapes: bool = False
    ) -> None:
        """Build with start weights from `seed`. Raises UserError for what cannot be built or honoured.

        `precision` is `float32`, or `mixed_bfloat16` or `mixed_float16`: layers compute in the short type, weights,
        losses and detections stay float32. `static_shapes` is what XLA needs; it costs work on padding.
        """
        self.network = build_detector(config, seed=seed, compute_dtype=precision.removeprefix("mixed_"))
        self.weights = self.network.weights
        description = self.network.description
        self.ssd = SsdDetector(
            config.find("model.ssd"),
            (description.input_shape[0], description.input_shape[1]),
            [(size[0], size[1]) for size in description.feature_maps],
            trim_padding=not static_shapes,
        )
        self._seed = seed

    @property
    def trainable_by_name(self) -> dict[str, tf.Variable]:
        """The variables that training updates, trainable and not frozen, by our names."""
        trainable = {variable.ref() for variable in self.weights.trainable}
        return {
            name: variable for name, variable in self.weights.by_name.items() if variable.ref() in trainable
        }

    def losses(self, batch: Batch, training: bool, step: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """Scalars `localization_loss` and `classification_loss`; in training the moving statistics are updated.

        `step` seeds what is random in the step (dropout, sampling), so that a resumed run draws alike.
        """
        seed = (
            None if step is None else tf.stack([tf.constant(self._seed, tf.int32), tf.cast(step, tf.int32)])
        )
        forward = self.network.forward(batch["image"], training=training, dropout_seed=seed)
        for variable, value in forward.updates:
            variable.assign(value)
        return self.ssd.loss(_named(forward), _groundtruth(batch), seed)

    def regularization(self) -> tf.Tensor | None:
        """The L2 penalty over all regularised weights, None without any."""
        return self.weights.regularization_loss() if self.weights.l2() else None

    def evaluate(self, batch: Batch) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """Detections (see `SsdDetector.postprocess`) and losses of a batch, in inference mode."""
        predictions = _named(self.network.forward(batch["image"], training=False))
        detections = self.ssd.postprocess(predictions, batch["true_image_shape"])
        return detections, self.ssd.loss(predictions, _groundtruth(batch))

    def detect(self, images: tf.Tensor, true_image_shapes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Detections of preprocessed `images` [batch, height, width, channels]."""
        predictions = _named(self.network.forward(images, training=False))
        return self.ssd.postprocess(predictions, true_image_shapes)


def _named(forward: Forward) -> dict[str, tf.Tensor]:
    predictions = forward.predictions
    return {BOX_ENCODINGS: predictions.box_encodings, CLASS_PREDICTIONS: predictions.class_predictions}


def _groundtruth(batch: Batch) -> Groundtruth:
    return Groundtruth(
        batch["boxes"],
        batch["classes"],
        batch["weights"],
        batch["num_boxes"],
        batch.get("class_targets"),
        batch.get("confidences"),
        batch.get("keypoints"),
    )
