"""The highest places of heat maps."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor

_SAME = 1e-6
"""What a peak may lie below the highest place around it, so that rounding does not hide it."""


def only_peaks(heat: Tensor, kernel: int) -> Tensor:
    """`heat` [batch, height, width, channels], 0 where the `kernel` x `kernel` cells around show a higher place."""
    if kernel <= 1:
        return heat
    highest = tf.nn.max_pool2d(heat, kernel, 1, "SAME")
    return heat * tf.cast(tf.abs(heat - highest) < _SAME, heat.dtype)


def top(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The best `count` of `scores` [..., n] and their places, int32; all of them if they are fewer."""
    if scores.shape[-1] is not None:
        return tf.math.top_k(scores, min(count, scores.shape[-1]))
    missing = tf.maximum(count - tf.shape(scores)[-1], 0)
    ends = [[0, 0]] * (scores.shape.rank - 1)
    return tf.math.top_k(tf.pad(scores, [*ends, [0, missing]]), count)


def heat_size(values: Tensor) -> tuple[Tensor | int, Tensor | int]:
    """Height and width of a map [batch, height, width, channels], static where they are known."""
    shape = tf.shape(values)
    height, width = values.shape[1], values.shape[2]
    return (shape[1] if height is None else height, shape[2] if width is None else width)
