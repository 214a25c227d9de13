"""CenterNet, put together."""

from __future__ import annotations

import tensorflow as tf

from cfgtool.networks.center_net.detector import center_net, track_identities
from cfgtool.schema import Config
from cfgtool.training.assemblies.base import Assembly, Batch, Values
from cfgtool.training.detectors.center_net.detector import CenterNetDetector
from cfgtool.training.detectors.center_net.tracking import Identify
from cfgtool.training.tensor_ops import Update
from cfgtool.training.tensors import apply_updates


class CenterNetAssembly(Assembly):
    """The configured CenterNet."""

    def __init__(
        self, config: Config, *, seed: int = 0, precision: str = "float32", static_shapes: bool = False
    ) -> None:
        """See `Assembly`; `static_shapes` is what XLA needs, and costs work on padding."""
        self.center_net = CenterNetDetector(config.find("model.center_net"), trim_padding=not static_shapes)
        self.loss_terms = self.center_net.loss_terms
        super().__init__(config, seed=seed, precision=precision)

    def losses(self, batch: Batch, training: bool, step: tf.Tensor | None = None) -> Values:  # noqa: ARG002
        """Scalars by the names in `loss_terms`; nothing is random in them."""
        outputs, updates = self._forward(batch["image"], training=training)
        apply_updates(updates)
        return self.center_net.loss(outputs, batch, self._identify(training=training))

    def evaluate(self, batch: Batch) -> tuple[Values, Values]:
        """Detections (see `CenterNetDetector.postprocess`) and losses of the tasks that the batch shows."""
        outputs, _ = self._forward(batch["image"], training=False)
        detections = self.center_net.postprocess(outputs, batch["true_image_shape"])
        identify = self._identify(training=False)
        return detections, self.center_net.loss(outputs, batch, identify, where_shown=True)

    def detect(
        self,
        images: tf.Tensor,
        true_image_shapes: tf.Tensor,
        **side: tf.Tensor,  # noqa: ARG002
    ) -> Values:
        """Detections, see `CenterNetDetector.postprocess`."""
        outputs, _ = self._forward(images, training=False)
        return self.center_net.postprocess(outputs, true_image_shapes)

    def _identify(self, *, training: bool) -> Identify:
        """The network's classifier of tracks."""
        network = self.network

        def identify(embeddings: tf.Tensor) -> tf.Tensor:
            ops = network.ops(training=training)
            message = network.config.find("model.center_net")
            logits = track_identities(ops, message, tf.cast(embeddings, network.compute_dtype))
            # At once: the next map's embeddings move the statistics further.
            apply_updates(ops.updates)
            return tf.cast(logits, tf.float32)

        return identify

    # Nothing in a network depends on a tensor's value; rewriting its Python for that would double the time to trace.
    @tf.autograph.experimental.do_not_convert
    def _forward(self, images: tf.Tensor, *, training: bool) -> tuple[list[Values], list[Update]]:
        """The outputs of the heads on every map, float32, and the new moving statistics."""
        network = self.network
        ops = network.ops(training=training)
        config = network.config.find("model.center_net")
        raw = center_net(ops, config, tf.cast(images, network.compute_dtype), network.keypoints)
        outputs = [{name: tf.cast(y, tf.float32) for name, y in heads.items()} for heads in raw]
        return outputs, ops.updates
