"""The operations on boxes, on tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

_UNIT = 224.0
"""Edge in pixels of a box that belongs to the last but one map of a pyramid."""
_NEVER = -1e5
"""The weight, before the softmax, of what does not count."""


class RegionTensorOps:
    """The part of `ops.Ops[tf.Tensor]` that deals with boxes."""

    def crop_and_resize(
        self,
        maps: Sequence[tf.Tensor],
        boxes: tf.Tensor,
        size: tuple[int, int],
        *,
        image: tf.Tensor,
        fade: bool = False,
    ) -> tf.Tensor:
        """See `RegionOps.crop_and_resize`."""
        crops = [_crop(x, boxes, size, fade=fade) for x in maps]
        if len(crops) == 1:
            return crops[0]
        levels = tf.reshape(_levels(boxes, image, len(maps)), [-1, 1, 1, 1])
        return tf.add_n(
            [tf.where(levels == level, crop, tf.zeros_like(crop)) for level, crop in enumerate(crops)]
        )

    def position_sensitive_mean(
        self, x: tf.Tensor, boxes: tf.Tensor, bins: tuple[int, int], size: tuple[int, int]
    ) -> tf.Tensor:
        """See `RegionOps.position_sensitive_mean`."""
        rows, columns = bins
        cell = (size[0] // rows, size[1] // columns)
        top, left, bottom, right = tf.unstack(boxes, axis=-1)
        height, width = (bottom - top) / rows, (right - left) / columns
        means: list[tf.Tensor] = []
        for index, group in enumerate(tf.split(x, rows * columns, axis=3)):
            row, column = divmod(index, columns)
            parts = (
                top + row * height,
                left + column * width,
                top + (row + 1) * height,
                left + (column + 1) * width,
            )
            crop = _crop(group, tf.stack(parts, axis=-1), cell, fade=True)
            means.append(tf.reduce_mean(crop, [1, 2]))
        return tf.add_n(means) / tf.cast(rows * columns, x.dtype)

    def attend(
        self,
        queries: tf.Tensor,
        keys: tf.Tensor,
        values: tf.Tensor,
        *,
        temperature: float,
        query_counts: tf.Tensor,
        key_counts: tf.Tensor,
    ) -> tf.Tensor:
        """See `RegionOps.attend`."""
        asked = _counted(queries, query_counts)
        known = _counted(keys, key_counts)
        queries = tf.nn.l2_normalize(queries, axis=-1) * asked
        keys = tf.nn.l2_normalize(keys, axis=-1) * known
        values = tf.nn.l2_normalize(values, axis=-1) * known
        weights = tf.matmul(queries, keys, transpose_b=True)
        weights += _NEVER * (1 - tf.transpose(known, [0, 2, 1]))
        return tf.matmul(tf.nn.softmax(weights / tf.cast(temperature, weights.dtype)), values)

    def split_batch(self, x: tf.Tensor, boxes: tf.Tensor) -> tf.Tensor:
        """See `RegionOps.split_batch`."""
        dynamic = tf.shape(boxes)
        batch, count = (dynamic[i] if size is None else size for i, size in enumerate(boxes.shape[:2]))
        return tf.reshape(x, [batch, count, *x.shape[1:]])

    def merge_batch(self, x: tf.Tensor) -> tf.Tensor:
        """See `RegionOps.merge_batch`."""
        static = x.shape[:2].num_elements()
        return tf.reshape(x, [-1 if static is None else static, *x.shape[2:]])


def crops_of(
    x: tf.Tensor, boxes: tf.Tensor, owners: tf.Tensor, size: tuple[int, int], *, fade: bool
) -> tf.Tensor:
    """The share of boxes [n, 4] (fractions) of the images `owners` [n] of `x` [images, height, width, channels]:
    float32 [n, *size, channels]. Not for `x` that learns.

    What lies outside of an image is 0; with `fade` the values sink to it over one pixel, else at once.
    """
    x, boxes = _framed(x, boxes) if fade else (x, boxes)
    return tf.image.crop_and_resize(x, boxes, owners, size)


def _framed(x: tf.Tensor, boxes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Images in a frame of zeros, and the boxes in it: what lies between the frame and the border fades."""
    edges = tf.cast(tf.tile(tf.shape(x)[1:3], [2]), tf.float32)
    return tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), (boxes * (edges - 1) + 1) / (edges + 1)


def _crop(x: tf.Tensor, boxes: tf.Tensor, size: tuple[int, int], *, fade: bool) -> tf.Tensor:
    # The operation computes in float32 whatever it gets, and does not take every type.
    images, boxes = tf.cast(x, tf.float32), tf.cast(boxes, tf.float32)
    if fade:
        images, boxes = _framed(images, boxes)
    crops = tf.cast(_crops(images, tf.stop_gradient(boxes), size), x.dtype)
    static = boxes.shape[:2].num_elements()
    crops.set_shape([static, *size, x.shape[3]])
    return crops


def _crops(x: tf.Tensor, boxes: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """The share of boxes [batch, n, 4] of `x`, [batch * n, *size, channels].

    The operation's own gradient adds from many threads to the same place, and loses what they add at once. Here it is
    two products of matrices, the same in every run.
    """
    batch, count = tf.unstack(tf.shape(boxes)[:2])

    @tf.custom_gradient
    def crop(x: tf.Tensor) -> tuple[tf.Tensor, Any]:
        owners = tf.repeat(tf.range(batch), count)
        crops = tf.image.crop_and_resize(x, tf.reshape(boxes, [-1, 4]), owners, size)

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            _, height, width, channels = tf.unstack(tf.shape(x))
            upstream = tf.reshape(upstream, tf.stack([batch, count, *size, channels]))
            columns = _shares(boxes[..., 1], boxes[..., 3], width, size[1])[:, :, tf.newaxis]
            spread = tf.matmul(columns, upstream, transpose_a=True)
            rows = tf.reshape(
                _shares(boxes[..., 0], boxes[..., 2], height, size[0]), [batch, count * size[0], height]
            )
            spread = tf.reshape(spread, [batch, count * size[0], width * channels])
            return tf.reshape(tf.matmul(rows, spread, transpose_a=True), tf.shape(x))

        return crops, gradient

    cropped: tf.Tensor = crop(x)
    return cropped


def _shares(start: tf.Tensor, end: tf.Tensor, pixels: tf.Tensor, samples: int) -> tf.Tensor:
    """How much each of so many `samples` between start and end [...] takes of each of the `pixels` along an axis,
    [..., samples, pixels]: that of linear interpolation, and nothing outside.
    """
    last = tf.cast(pixels - 1, tf.float32)
    start, end = start[..., tf.newaxis] * last, end[..., tf.newaxis] * last
    if samples > 1:
        places = start + tf.range(samples, dtype=tf.float32) * ((end - start) / (samples - 1))
    else:
        places = 0.5 * (start + end)
    distance = tf.abs(places[..., tf.newaxis] - tf.cast(tf.range(pixels), tf.float32))
    inside = (places >= 0.0) & (places <= last)
    return tf.where(inside[..., tf.newaxis], tf.maximum(1.0 - distance, 0.0), 0.0)


def _levels(boxes: tf.Tensor, image: tf.Tensor, count: int) -> tf.Tensor:
    """The map that each box belongs to, int32 [batch, boxes]."""
    pixels = tf.cast(tf.reduce_prod(tf.shape(image)[1:3]), tf.float32)
    area = tf.reduce_prod(boxes[..., 2:] - boxes[..., :2], axis=-1)
    ratio = tf.sqrt(area) * (tf.sqrt(pixels) / _UNIT)
    level = tf.math.floordiv(tf.math.log(ratio), tf.math.log(2.0)) + (count - 2)
    # Clipped as a number first: the level of an empty box is minus infinity.
    return tf.cast(tf.clip_by_value(level, 0.0, count - 1.0), tf.int32)


def _counted(x: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
    """1 for what counts and 0 for the rest, [batch, n, 1]."""
    return tf.sequence_mask(counts, tf.shape(x)[1], dtype=x.dtype)[..., tf.newaxis]
