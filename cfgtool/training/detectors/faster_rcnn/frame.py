"""Sizes and frames: all boxes here are pixels of the network's input, padding included, unless said otherwise."""

from __future__ import annotations

from typing import TypeAlias

import tensorflow as tf
from tensorflow import Tensor

Size: TypeAlias = tuple[int, int] | Tensor
"""Height and width: numbers where the config decides them, else int32 [2]."""


def size_of(image: Tensor) -> Size:
    """That of images or maps [batch, height, width, channels]."""
    height, width = image.shape[1:3]
    if height is None or width is None:
        return tf.shape(image)[1:3]
    return int(height), int(width)


def window(size: Size) -> Tensor:
    """All of an image of that size, float32 [4]."""
    ends = tf.cast(tf.convert_to_tensor(size), tf.float32)
    return tf.concat([tf.zeros([2]), ends], axis=0)


def windows(true_image_shapes: Tensor) -> Tensor:
    """The images before padding, float32 [batch, 4], from int32 [batch, 3]."""
    ends = tf.cast(true_image_shapes[:, :2], tf.float32)
    return tf.concat([tf.zeros_like(ends), ends], axis=1)


def sides(size: Size) -> Tensor:
    """Height, width, height, width, float32 [4]: what fractions are multiplied by to be pixels."""
    return tf.tile(tf.cast(tf.convert_to_tensor(size), tf.float32), [2])
