"""Box codes: what the box head predicts for an anchor, and back.

`encode` takes boxes [..., anchors, 4] and anchors [anchors, 4] (ymin, xmin, ymax, xmax, same unit) to codes
[..., anchors, code_size]; `decode` takes codes back to boxes [..., anchors, 4].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError
from cfgtool.training.targets import boxes as geometry

if TYPE_CHECKING:
    from cfgtool.schema import Config

# Keeps logarithms and divisions of empty boxes finite.
EPSILON = 1e-8


class BoxCoder(Protocol):
    """A pair of functions between boxes and codes."""

    @property
    def code_size(self) -> int:
        """Numbers per box."""

    def encode(self, boxes: Tensor, anchors: Tensor) -> Tensor:
        """Codes of boxes relative to anchors."""

    def decode(self, codes: Tensor, anchors: Tensor) -> Tensor:
        """Boxes of codes relative to anchors."""


class FasterRcnnCoder:
    """Centre offsets in anchor sizes and log size ratios, each times a scale (Ren et al. 2015)."""

    code_size = 4

    def __init__(self, y: float = 10.0, x: float = 10.0, height: float = 5.0, width: float = 5.0) -> None:
        self.scales = (y, x, height, width)

    def encode(self, boxes: Tensor, anchors: Tensor) -> Tensor:
        """Codes y, x, height, width."""
        anchor_y, anchor_x, anchor_height, anchor_width = geometry.centres_and_sizes(anchors)
        y, x, height, width = geometry.centres_and_sizes(boxes)
        anchor_height, anchor_width = anchor_height + EPSILON, anchor_width + EPSILON
        code = [
            (y - anchor_y) / anchor_height,
            (x - anchor_x) / anchor_width,
            tf.math.log((height + EPSILON) / anchor_height),
            tf.math.log((width + EPSILON) / anchor_width),
        ]
        return tf.stack([part * scale for part, scale in zip(code, self.scales, strict=True)], axis=-1)

    def decode(self, codes: Tensor, anchors: Tensor) -> Tensor:
        """Boxes of codes; only the first four numbers of a code are read."""
        anchor_y, anchor_x, anchor_height, anchor_width = geometry.centres_and_sizes(anchors)
        y, x, height, width = (codes[..., part] / scale for part, scale in enumerate(self.scales))
        return geometry.from_centres(
            y * anchor_height + anchor_y,
            x * anchor_width + anchor_x,
            tf.exp(height) * anchor_height,
            tf.exp(width) * anchor_width,
        )


class SquareCoder:
    """Centre offsets and one log ratio of side lengths, for square boxes and anchors."""

    code_size = 3

    def __init__(self, y: float = 10.0, x: float = 10.0, length: float = 5.0) -> None:
        self.scales = (y, x, length)

    def encode(self, boxes: Tensor, anchors: Tensor) -> Tensor:
        """Codes y, x, length; a side that is not square counts by the root of its area."""
        anchor_y, anchor_x, anchor_height, anchor_width = geometry.centres_and_sizes(anchors)
        y, x, height, width = geometry.centres_and_sizes(boxes)
        anchor_length = tf.sqrt(anchor_height * anchor_width) + EPSILON
        length = tf.sqrt(height * width) + EPSILON
        code = [
            (y - anchor_y) / anchor_length,
            (x - anchor_x) / anchor_length,
            tf.math.log(length / anchor_length),
        ]
        return tf.stack([part * scale for part, scale in zip(code, self.scales, strict=True)], axis=-1)

    def decode(self, codes: Tensor, anchors: Tensor) -> Tensor:
        """Square boxes of codes."""
        anchor_y, anchor_x, anchor_height, anchor_width = geometry.centres_and_sizes(anchors)
        anchor_length = tf.sqrt(anchor_height * anchor_width)
        y, x, length = (codes[..., part] / scale for part, scale in enumerate(self.scales))
        side = tf.exp(length) * anchor_length
        return geometry.from_centres(y * anchor_length + anchor_y, x * anchor_length + anchor_x, side, side)


class MeanStddevCoder:
    """Corner offsets divided by one deviation."""

    code_size = 4

    def __init__(self, stddev: float = 0.01) -> None:
        self.stddev = stddev

    def encode(self, boxes: Tensor, anchors: Tensor) -> Tensor:
        """Codes ymin, xmin, ymax, xmax."""
        return (boxes - anchors) / self.stddev

    def decode(self, codes: Tensor, anchors: Tensor) -> Tensor:
        """Boxes of codes."""
        return codes * self.stddev + anchors


class KeypointCoder(FasterRcnnCoder):
    """The Faster R-CNN code, followed by (y, x) offsets of each keypoint coded like a centre."""

    def __init__(self, keypoints: int, y: float, x: float, height: float, width: float) -> None:
        super().__init__(y, x, height, width)
        self.keypoints = keypoints

    @property
    def code_size(self) -> int:  # type: ignore[override]
        """Numbers per box: four and two per keypoint."""
        return 4 + 2 * self.keypoints

    def encode_keypoints(self, keypoints: Tensor, anchors: Tensor) -> Tensor:
        """Codes [..., anchors, 2 x keypoints] of keypoints [..., anchors, keypoints, 2] as (y, x)."""
        origin, size = self._frame(anchors, EPSILON)
        scale = tf.constant(self.scales[:2], keypoints.dtype)
        codes = (keypoints - origin) / size * scale
        return tf.reshape(codes, tf.concat([tf.shape(keypoints)[:-2], [2 * self.keypoints]], axis=0))

    def decode_keypoints(self, codes: Tensor, anchors: Tensor) -> Tensor:
        """Keypoints [..., anchors, keypoints, 2] of whole codes [..., anchors, code_size]."""
        origin, size = self._frame(anchors, 0.0)
        codes = codes[..., 4:]
        codes = tf.reshape(codes, tf.concat([tf.shape(codes)[:-1], [self.keypoints, 2]], axis=0))
        return codes / tf.constant(self.scales[:2], codes.dtype) * size + origin

    @staticmethod
    def _frame(anchors: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
        y, x, height, width = geometry.centres_and_sizes(anchors)
        origin = tf.stack([y, x], axis=-1)[..., tf.newaxis, :]
        return origin, tf.stack([height + epsilon, width + epsilon], axis=-1)[..., tf.newaxis, :]


def build_box_coder(config: Config) -> BoxCoder:
    """The coder that a `BoxCoder` message describes; UserError for none, or a number not above 0."""
    kind = config.which("box_coder_oneof")
    if kind is None:
        raise UserError(f"'{config.path}' chooses no box coder", hint="write faster_rcnn_box_coder {}")
    coder = config.message(kind)
    if kind == "mean_stddev_box_coder":
        return MeanStddevCoder(_positive(coder, "stddev"))
    y, x = _positive(coder, "y_scale"), _positive(coder, "x_scale")
    if kind == "square_box_coder":
        return SquareCoder(y, x, _positive(coder, "length_scale"))
    height, width = _positive(coder, "height_scale"), _positive(coder, "width_scale")
    if kind == "keypoint_box_coder":
        keypoints = coder.integer("num_keypoints")
        if keypoints < 1:
            raise UserError(f"'{coder.path}.num_keypoints' is '{keypoints}'", hint="it must be positive")
        return KeypointCoder(keypoints, y, x, height, width)
    return FasterRcnnCoder(y, x, height, width)


def _positive(config: Config, name: str) -> float:
    value = config.number(name)
    if value <= 0.0:
        raise UserError(f"'{config.path}.{name}' is '{value:g}'", hint="it must be positive")
    return value
