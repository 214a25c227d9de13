"""The network of a Faster R-CNN over one batch of images, as its detector asks for it stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.networks.faster_rcnn import detector as stages
from cfgtool.networks.faster_rcnn.attention import Context
from cfgtool.training.detectors.faster_rcnn.box_classifier import RawBoxes
from cfgtool.training.detectors.faster_rcnn.frame import Size, size_of

if TYPE_CHECKING:
    from cfgtool.networks.hyperparams import Generation
    from cfgtool.schema import Config
    from cfgtool.training.tensor_ops import TensorOps


class Network(Protocol):
    """What a network says of a batch of images, float32; boxes are fractions of the images, padding included."""

    @property
    def image(self) -> Size:
        """The size of the images."""

    @property
    def maps(self) -> Sequence[Size]:
        """The sizes of the feature maps, finest first."""

    @property
    def codes(self) -> Tensor:
        """The first stage's boxes of all anchors, [batch, anchors, 4]."""

    @property
    def logits(self) -> Tensor:
        """The first stage's logits of background and object for all anchors, [batch, anchors, 2]."""

    def crops(self, boxes: Tensor) -> Tensor:
        """The share of boxes [batch, n, 4] of the feature maps, [batch * n, height, width, channels]."""

    def features(self, boxes: Tensor, count: Tensor) -> Tensor:
        """What the later stages look at of boxes [batch, n, 4], of which `count` [batch] are real."""

    def predict(self, features: Tensor, boxes: Tensor) -> RawBoxes:
        """What the second stage says of boxes [batch, n, 4] with those `features`."""

    def masks(self, features: Tensor, boxes: Tensor) -> Tensor:
        """Mask logits [batch, n, mask height, mask width, classes or 1] of boxes with those `features`."""


class TensorNetwork:
    """The described network over given operations; see `Network`."""

    def __init__(
        self,
        ops: TensorOps,
        config: Config,
        generation: Generation,
        images: Tensor,
        context: tuple[Tensor, Tensor] | None = None,
    ) -> None:
        """Run the first stage on preprocessed `images` [batch, height, width, channels].

        `config` is the `FasterRcnn` message; `context` are features float32 [batch, most, length] and how many of
        them are real, int32 [batch], for a model with a `context_config`.
        """
        self._ops, self._config, self._generation, self._context = ops, config, generation, context
        self._first = stages.first_stage(ops, config, images, generation)
        self.image: Size = size_of(images)
        self.maps: list[Size] = [size_of(feature_map) for feature_map in self._first.maps]
        self.codes = tf.cast(self._first.proposals.box_encodings, tf.float32)
        self.logits = tf.cast(self._first.proposals.class_predictions, tf.float32)

    def crops(self, boxes: Tensor) -> Tensor:
        """See `Network.crops`."""
        return stages.crops(self._ops, self._config, self._first, boxes)

    def features(self, boxes: Tensor, count: Tensor) -> Tensor:
        """See `Network.features`."""
        context = None
        if self._context is not None:
            features, sizes = self._context
            context = Context(tf.cast(features, self._first.image.dtype), sizes, count)
        return stages.box_features(
            self._ops, self._config, self._first, boxes, self._generation, context=context
        )

    def predict(self, features: Tensor, boxes: Tensor) -> RawBoxes:
        """See `Network.predict`."""
        found = stages.second_stage(self._ops, self._config, features, boxes, self._generation)
        return RawBoxes(_split(found.box_encodings, boxes), _split(found.class_predictions, boxes))

    def masks(self, features: Tensor, boxes: Tensor) -> Tensor:
        """See `Network.masks`."""
        return _split(stages.third_stage(self._ops, self._config, features, self._generation), boxes)


def _split(values: Tensor, boxes: Tensor) -> Tensor:
    """Values [batch * n, ...] as float32 [batch, n, ...], as boxes [batch, n, 4] are."""
    count = tf.shape(boxes)[1] if boxes.shape[1] is None else boxes.shape[1]
    batch = -1 if boxes.shape[0] is None else boxes.shape[0]
    return tf.cast(tf.reshape(values, [batch, count, *values.shape[1:]]), tf.float32)
