"""Faster R-CNN, put together."""

from __future__ import annotations

import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.schema import Config
from cfgtool.training.assemblies.base import Assembly, Batch, Values
from cfgtool.training.detectors.faster_rcnn.detector import FasterRcnnDetector, Truth
from cfgtool.training.detectors.faster_rcnn.network import TensorNetwork
from cfgtool.training.targets.assigner import Groundtruth
from cfgtool.training.tensor_ops import TensorOps
from cfgtool.training.tensors import apply_updates


class FasterRcnnAssembly(Assembly):
    """The configured Faster R-CNN, Mask R-CNN, R-FCN or Context R-CNN, for images of one size or of any."""

    def __init__(
        self, config: Config, *, seed: int = 0, precision: str = "float32", static_shapes: bool = False
    ) -> None:
        """See `Assembly`. Raises UserError with `static_shapes`: XLA has no operation that crops boxes."""
        if static_shapes:
            raise UserError(
                "XLA cannot compile a Faster R-CNN, which crops boxes", hint="train without --jit"
            )
        super().__init__(config, seed=seed, precision=precision)
        self._config = config.find("model.faster_rcnn")
        self.detector = FasterRcnnDetector(self._config)
        self.loss_terms = self.detector.loss_terms

    # Nothing in a network depends on a tensor's value; rewriting its Python for that would double the time to trace.
    @tf.autograph.experimental.do_not_convert
    def losses(self, batch: Batch, training: bool, step: tf.Tensor | None = None) -> Values:
        """Scalars by the names in `loss_terms`."""
        seed = self._seed_of(step)
        ops = self.network.ops(training=training, dropout_seed=seed)
        network = self._run(ops, batch["image"], batch)
        if training:
            found = self.detector.training_losses(network, batch["true_image_shape"], _truth(batch), seed)
        else:
            inference = self.detector.infer(network, batch["true_image_shape"])
            found = self.detector.inference_losses(network, inference, _truth(batch), seed)
        apply_updates(ops.updates)
        return found

    @property
    def side_inputs(self) -> dict[str, tf.TensorSpec]:
        """See `Assembly`: the context of a Context R-CNN."""
        if not self._config.has("context_config"):
            return {}
        length = self._config.message("context_config").integer("context_feature_length")
        return {
            "context_features": tf.TensorSpec([None, None, length], tf.float32, "context_features"),
            "valid_context_size": tf.TensorSpec([None], tf.int32, "valid_context_size"),
        }

    @tf.autograph.experimental.do_not_convert
    def evaluate(self, batch: Batch) -> tuple[Values, Values]:
        """Detections (see `FasterRcnnDetector.infer`) and losses."""
        network = self._run(self.network.ops(), batch["image"], batch)
        inference = self.detector.infer(network, batch["true_image_shape"])
        return inference.detections, self.detector.inference_losses(network, inference, _truth(batch))

    @tf.autograph.experimental.do_not_convert
    def detect(self, images: tf.Tensor, true_image_shapes: tf.Tensor, **side: tf.Tensor) -> Values:
        """Detections, see `FasterRcnnDetector.infer`; without `side` a model with a context has nothing to look at."""
        network = self._run(self.network.ops(), images, side)
        return self.detector.infer(network, true_image_shapes).detections

    def _run(self, ops: TensorOps, images: tf.Tensor, batch: Batch) -> TensorNetwork:
        image = tf.cast(images, self.network.compute_dtype)
        context = None
        if self._config.has("context_config"):
            context = self._context(tf.shape(images)[0], batch)
        return TensorNetwork(ops, self._config, self.network.description.generation, image, context)

    def _context(self, images: tf.Tensor, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        """Features of the batch and how many are real; where there are none, one that is not real."""
        if "context_features" in batch:
            return batch["context_features"], batch["valid_context_size"]
        length = self._config.message("context_config").integer("context_feature_length")
        return tf.zeros(tf.stack([images, 1, length])), tf.zeros([images], tf.int32)


def _truth(batch: Batch) -> Truth:
    groundtruth = Groundtruth(
        batch["boxes"], batch["classes"], batch["weights"], batch["num_boxes"], batch.get("class_targets")
    )
    return Truth(groundtruth, batch.get("masks"))
