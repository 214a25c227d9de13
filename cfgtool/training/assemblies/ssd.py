"""SSD, put together."""

from __future__ import annotations

import tensorflow as tf

from cfgtool.schema import Config
from cfgtool.training.assemblies.base import Assembly, Batch, Values
from cfgtool.training.detectors.ssd import BOX_ENCODINGS, CLASS_PREDICTIONS, SsdDetector
from cfgtool.training.targets.assigner import Groundtruth
from cfgtool.training.tensors import Forward, apply_updates


class SsdAssembly(Assembly):
    """The configured SSD for one size of input."""

    loss_terms = ("localization_loss", "classification_loss")

    def __init__(
        self, config: Config, *, seed: int = 0, precision: str = "float32", static_shapes: bool = False
    ) -> None:
        """See `Assembly`; `static_shapes` is what XLA needs, and costs work on padding."""
        super().__init__(config, seed=seed, precision=precision)
        description = self.network.description
        self.ssd = SsdDetector(
            config.find("model.ssd"),
            (description.input_shape[0], description.input_shape[1]),
            [(size[0], size[1]) for size in description.feature_maps],
            trim_padding=not static_shapes,
        )

    def losses(self, batch: Batch, training: bool, step: tf.Tensor | None = None) -> Values:
        """Scalars `localization_loss` and `classification_loss`."""
        seed = self._seed_of(step)
        forward = self.network.forward(batch["image"], training=training, dropout_seed=seed)
        apply_updates(forward.updates)
        return self.ssd.loss(_named(forward), _groundtruth(batch), seed)

    def evaluate(self, batch: Batch) -> tuple[Values, Values]:
        """Detections (see `SsdDetector.postprocess`) and losses."""
        predictions = _named(self.network.forward(batch["image"], training=False))
        detections = self.ssd.postprocess(predictions, batch["true_image_shape"])
        return detections, self.ssd.loss(predictions, _groundtruth(batch))

    def detect(
        self,
        images: tf.Tensor,
        true_image_shapes: tf.Tensor,
        **side: tf.Tensor,  # noqa: ARG002
    ) -> Values:
        """Detections, see `SsdDetector.postprocess`."""
        predictions = _named(self.network.forward(images, training=False))
        return self.ssd.postprocess(predictions, true_image_shapes)


def _named(forward: Forward) -> Values:
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
