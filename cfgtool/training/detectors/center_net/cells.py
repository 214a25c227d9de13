"""Values of maps at cells, and maps with Gaussians around cells; for a whole batch at a time."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor


def at_cells(values: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """What `values` [batch, height, width, channels] are at cells int32 [batch, ...]: [batch, ..., channels].

    Cells outside of the map are taken for the nearest ones inside.
    """
    shape = tf.shape(values)
    flat = tf.reshape(values, [shape[0], shape[1] * shape[2], values.shape[3]])
    return tf.gather(flat, _flat(shape, rows, columns), batch_dims=1)


def at_channels(values: Tensor, rows: Tensor, columns: Tensor, channels: Tensor) -> Tensor:
    """What `values` [batch, height, width, channels] are at cells and channels int32 [batch, ...]: [batch, ...]."""
    shape = tf.shape(values)
    flat = tf.reshape(values, [shape[0], shape[1] * shape[2] * shape[3]])
    cells = _flat(shape, rows, columns) * shape[3] + channels
    return tf.gather(flat, cells, batch_dims=1)


def inside(points: Tensor, size: tuple[Tensor | int, Tensor | int]) -> Tensor:
    """1 where the cell of a point [..., 2] (y, x in cells) lies on a map of `size`, else 0: float32 [...]."""
    limits = tf.stack([tf.cast(side, tf.float32) for side in size])
    return tf.cast(tf.reduce_all((points >= 0.0) & (points < limits), axis=-1), tf.float32)


def gaussian_maps(
    points: Tensor,
    spread: Tensor,
    channels: Tensor,
    weights: Tensor,
    size: tuple[Tensor | int, Tensor | int],
    count: int,
) -> Tensor:
    """Heat maps float32 [batch, height, width, count], with a peak of height `weights` at the cell of each point.

    `points` [batch, n, 2] (y, x) and standard deviations `spread` [batch, n] are in cells; `channels` int32 [batch, n]
    is where the peak stands; points of weight 0 leave nothing. The highest peak counts where several meet. Nothing
    larger than [batch, n, height, width] is made.
    """
    batch, height, width = tf.shape(points)[0], size[0], size[1]
    columns = _bell(points[..., 1], spread, width)
    rows = _bell(points[..., 0], spread, height) * weights[..., tf.newaxis]
    rows = tf.where(weights[..., tf.newaxis] > 0.0, rows, 0.0)
    bells = rows[..., :, tf.newaxis] * columns[..., tf.newaxis, :]
    places = tf.range(batch)[:, tf.newaxis] * count + tf.maximum(channels, 0)
    bells = tf.reshape(bells, [-1, height * width])
    heat = tf.math.unsorted_segment_max(bells, tf.reshape(places, [-1]), batch * count)
    # Channels without a point hold the lowest number.
    heat = tf.reshape(tf.maximum(heat, 0.0), [batch, count, height, width])
    return tf.stop_gradient(tf.transpose(heat, [0, 2, 3, 1]))


def _bell(centres: Tensor, spread: Tensor, length: Tensor | int) -> Tensor:
    """Gaussians along one side [batch, n, length] around the cells of `centres` [batch, n]."""
    distance = tf.range(length, dtype=tf.float32) - tf.floor(centres)[..., tf.newaxis]
    # A point without extent has a peak of one cell.
    variance = 2.0 * tf.square(spread)[..., tf.newaxis]
    return tf.exp(-tf.math.divide_no_nan(tf.square(distance), variance)) * tf.cast(
        (variance > 0.0) | (distance == 0.0), tf.float32
    )


def _flat(shape: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    rows = tf.clip_by_value(rows, 0, shape[1] - 1)
    return rows * shape[2] + tf.clip_by_value(columns, 0, shape[2] - 1)
