"""Geometry of boxes given as ymin, xmin, ymax, xmax in the last axis; any unit, any leading axes."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor


def corners(boxes: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """ymin, xmin, ymax, xmax, each without the last axis."""
    ymin, xmin, ymax, xmax = tf.unstack(boxes, axis=-1, num=4)
    return ymin, xmin, ymax, xmax


def centres_and_sizes(boxes: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Centre y, centre x, height, width, each without the last axis."""
    ymin, xmin, ymax, xmax = corners(boxes)
    height, width = ymax - ymin, xmax - xmin
    return ymin + 0.5 * height, xmin + 0.5 * width, height, width


def from_centres(centre_y: Tensor, centre_x: Tensor, height: Tensor, width: Tensor) -> Tensor:
    """Boxes [..., 4] from centres and sizes [...]."""
    half_height, half_width = 0.5 * height, 0.5 * width
    return tf.stack(
        [centre_y - half_height, centre_x - half_width, centre_y + half_height, centre_x + half_width],
        axis=-1,
    )


def area(boxes: Tensor) -> Tensor:
    """Area [...] of boxes [..., 4]."""
    ymin, xmin, ymax, xmax = corners(boxes)
    return (ymax - ymin) * (xmax - xmin)


def clip(boxes: Tensor, window: Tensor) -> Tensor:
    """Boxes [..., n, 4] cut to a window [..., 4] (or [4])."""
    low = tf.concat([window[..., :2]] * 2, axis=-1)[..., tf.newaxis, :]
    high = tf.concat([window[..., 2:]] * 2, axis=-1)[..., tf.newaxis, :]
    return tf.maximum(tf.minimum(boxes, high), low)


def relative_to(boxes: Tensor, window: Tensor) -> Tensor:
    """Boxes [..., n, 4] in coordinates in which the window [..., 4] (or [4]) is 0..1."""
    origin = tf.concat([window[..., :2]] * 2, axis=-1)[..., tf.newaxis, :]
    size = window[..., 2:] - window[..., :2]
    return (boxes - origin) / tf.concat([size, size], axis=-1)[..., tf.newaxis, :]


def points_relative_to(points: Tensor, window: Tensor) -> Tensor:
    """Points [..., n, m, 2] as y, x in coordinates in which the window [..., 4] (or [4]) is 0..1."""
    origin = window[..., tf.newaxis, tf.newaxis, :2]
    return (points - origin) / (window[..., tf.newaxis, tf.newaxis, 2:] - origin)
