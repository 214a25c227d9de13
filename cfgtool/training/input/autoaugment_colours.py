"""The operations of AutoAugment on colours, as Pillow defines them (Zoph et al., arXiv:1906.11172, appendix).

Each takes an image uint8 [height, width, 3] and a level 0..10, a float32 scalar, and gives an image of the same
kind.
"""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor

MOST = 10.0
"""The highest level."""
_SMOOTH = ((1.0, 1.0, 1.0), (1.0, 5.0, 1.0), (1.0, 1.0, 1.0))


def _factor(level: Tensor) -> Tensor:
    """How far from the degenerate image: 0.1 .. 1.9, 1 leaves the image as it is."""
    return level / MOST * 1.8 + 0.1


def _blended(degenerate: Tensor, image: Tensor, level: Tensor) -> Tensor:
    start, end = tf.cast(degenerate, tf.float32), tf.cast(image, tf.float32)
    return tf.cast(tf.clip_by_value(start + _factor(level) * (end - start), 0.0, 255.0), tf.uint8)


def color(image: Tensor, level: Tensor) -> Tensor:
    """Between grey and colourful."""
    return _blended(tf.tile(tf.image.rgb_to_grayscale(image), [1, 1, 3]), image, level)


def brightness(image: Tensor, level: Tensor) -> Tensor:
    """Between black and bright."""
    return _blended(tf.zeros_like(image), image, level)


def contrast(image: Tensor, level: Tensor) -> Tensor:
    """Between the mean brightness and strong contrast."""
    mean = tf.floor(tf.reduce_mean(tf.cast(tf.image.rgb_to_grayscale(image), tf.float32)) + 0.5)
    return _blended(tf.fill(tf.shape(image), mean), image, level)


def sharpness(image: Tensor, level: Tensor) -> Tensor:
    """Between smoothed and sharp; the outermost pixels stay."""
    kernel = tf.tile(tf.constant(_SMOOTH)[:, :, tf.newaxis, tf.newaxis], [1, 1, 3, 1])
    pixels = tf.cast(image, tf.float32)[tf.newaxis]
    # Sums of integers are exact whatever computes them; dividing those loses the same fractions everywhere.
    sums = tf.nn.depthwise_conv2d(pixels, kernel, [1, 1, 1, 1], "VALID")[0]
    smooth = tf.cast(tf.cast(sums, tf.int32) // 13, tf.uint8)
    inner = tf.pad(tf.ones_like(smooth), [[1, 1], [1, 1], [0, 0]]) > 0
    smooth = tf.where(inner, tf.pad(smooth, [[1, 1], [1, 1], [0, 0]]), image)
    return _blended(smooth, image, level)


def autocontrast(image: Tensor, level: Tensor) -> Tensor:  # noqa: ARG001
    """Each colour stretched to the whole range."""
    pixels = tf.cast(image, tf.float32)
    low, high = tf.reduce_min(pixels, [0, 1]), tf.reduce_max(pixels, [0, 1])
    scale = 255.0 / tf.maximum(high - low, 1.0)
    stretched = tf.cast(tf.clip_by_value(pixels * scale - low * scale, 0.0, 255.0), tf.uint8)
    return tf.where(high > low, stretched, image)


def equalize(image: Tensor, level: Tensor) -> Tensor:  # noqa: ARG001
    """Each colour mapped so that all its values are about equally frequent."""
    return tf.stack([_equalized(image[..., channel]) for channel in range(3)], axis=-1)


def _equalized(channel: Tensor) -> Tensor:
    values = tf.cast(channel, tf.int32)
    counts = tf.math.bincount(tf.reshape(values, [-1]), minlength=256, maxlength=256)
    step = (tf.size(values) - counts[tf.reduce_max(values)]) // 255
    before = tf.cumsum(counts, exclusive=True)
    table = tf.minimum((before + step // 2) // tf.maximum(step, 1), 255)
    return tf.where(step > 0, tf.cast(tf.gather(table, values), tf.uint8), channel)


def posterize(image: Tensor, level: Tensor) -> Tensor:
    """The upper bits of each value only, 4 of them or fewer, one at least."""
    bits = tf.cast(level / MOST * 4.0, tf.int32)
    shift = tf.cast(tf.minimum(8 - bits, 7), tf.uint8)
    return tf.bitwise.left_shift(tf.bitwise.right_shift(image, shift), shift)


def solarize(image: Tensor, level: Tensor) -> Tensor:
    """Values from a threshold on inverted."""
    threshold = tf.cast(level / MOST * 256.0, tf.int32)
    return tf.where(tf.cast(image, tf.int32) < threshold, image, 255 - image)


def solarize_add(image: Tensor, level: Tensor) -> Tensor:
    """The darker half of the values raised by up to 110."""
    raised = tf.cast(image, tf.int32) + tf.cast(level / MOST * 110.0, tf.int32)
    return tf.where(image < 128, tf.cast(tf.minimum(raised, 255), tf.uint8), image)
