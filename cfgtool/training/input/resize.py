"""Scaling images and masks, in the conventions of TensorFlow 1 that the OD API keeps."""

from __future__ import annotations

from typing import TypeAlias

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.input.example import IMAGE, MASKS, Example, with_image

Side: TypeAlias = int | Tensor


def resize(
    image: Tensor, height: Side, width: Side, method: str = "BILINEAR", align_corners: bool = False
) -> Tensor:
    """The image at another size, float32; nearest neighbour keeps the type.

    Pixels are sampled from their top left corners (no half pixel centres), as the OD API does; with
    `align_corners` the corner pixels stay. `method` is a name of `ResizeImage.Method`.
    """
    methods = tf.compat.v1.image.ResizeMethod
    if method == "BILINEAR":  # the kernel is faster on float32, by more than the cast takes
        image = tf.cast(image, tf.float32)
    return tf.compat.v1.image.resize(
        image, tf.stack([height, width]), getattr(methods, method), align_corners=align_corners
    )


def resize_masks(masks: Tensor, height: Side, width: Side, align_corners: bool = False) -> Tensor:
    """Masks [n, old height, old width] at another size by nearest neighbour, the pixels of `resize`."""
    rows, columns = (
        _nearest(tf.shape(masks)[axis], side, align_corners) for axis, side in ((1, height), (2, width))
    )
    # Unlike the image op, gathering takes no masks at all as well.
    return tf.gather(tf.gather(masks, rows, axis=1), columns, axis=2)


def _nearest(old: Tensor, new: Side, align_corners: bool) -> Tensor:
    """The old place, int32 [new], that each new place shows."""
    sides = tf.cast(old, tf.float32), tf.cast(new, tf.float32)
    places = tf.range(tf.cast(new, tf.int32))
    if not align_corners:
        nearest = tf.floor(tf.cast(places, tf.float32) * (sides[0] / sides[1]))
    else:
        step = tf.where(sides[1] > 1.0, (sides[0] - 1.0) / tf.maximum(sides[1] - 1.0, 1.0), sides[0])
        nearest = tf.floor(tf.cast(places, tf.float32) * step + 0.5)
    return tf.minimum(tf.cast(nearest, tf.int32), old - 1)


def resized(
    example: Example, height: Side, width: Side, method: str = "BILINEAR", align_corners: bool = False
) -> Example:
    """The example at another size: image and masks; all else is in fractions of the image."""
    result = with_image(example, resize(example[IMAGE], height, width, method, align_corners))
    if MASKS in example:
        result[MASKS] = resize_masks(example[MASKS], height, width, align_corners)
    return result
