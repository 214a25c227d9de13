"""Values of maps at cells, and maps with Gaussians around cells; for a whole batch at a time."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor

Size = tuple[Tensor | int, Tensor | int]
"""Height and width of a map in cells."""


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


def inside(points: Tensor, size: Size) -> Tensor:
    """1 where the cell of a point [..., 2] (y, x in cells) lies on a map of `size`, else 0: float32 [...]."""
    limits = tf.stack([tf.cast(side, tf.float32) for side in size])
    return tf.cast(tf.reduce_all((points >= 0.0) & (points < limits), axis=-1), tf.float32)


def gaussian_maps(
    points: Tensor,
    spread: Tensor,
    channels: Tensor,
    weights: Tensor,
    size: Size,
    count: int,
    *,
    trim: bool = True,
) -> Tensor:
    """Heat maps float32 [batch, height, width, count], with a peak of height `weights` at the cell of each point.

    `points` [batch, n, 2] (y, x) and standard deviations `spread` [batch, n] are in cells; `channels` int32 [batch, n]
    is where the peak stands; points of weight 0 leave nothing. The highest peak counts where several meet. Nothing
    larger than [batch, n, height, width] is made; `trim` leaves out the last points if no image has a weight there,
    which costs XLA its static shapes.
    """
    if trim:
        used = _used(weights)
        points, spread = points[:, :used], spread[:, :used]
        channels, weights = channels[:, :used], weights[:, :used]
    batch, height, width = tf.shape(points)[0], size[0], size[1]
    rows, columns = _bells(points, spread, weights, size)
    bells = tf.reshape(rows[..., tf.newaxis] * columns[..., tf.newaxis, :], [-1, height * width])
    places = tf.range(batch)[:, tf.newaxis] * count + tf.maximum(channels, 0)
    heat = tf.math.unsorted_segment_max(bells, tf.reshape(places, [-1]), batch * count)
    # Channels without a point hold the lowest number.
    heat = tf.reshape(tf.maximum(heat, 0.0), [batch, count, height, width])
    return tf.stop_gradient(tf.transpose(heat, [0, 2, 3, 1]))


def gaussian_maps_by_channel(
    points: Tensor, spread: Tensor, weights: Tensor, size: Size, *, trim: bool = True
) -> Tensor:
    """As `gaussian_maps`, where every object has a point in every channel: float32 [batch, height, width, channels].

    `points` [batch, n, channels, 2], `spread` and `weights` [batch, n, channels]. Channels are made one by one.
    """
    if trim:
        used = _used(tf.reduce_max(weights, axis=-1))
        points, spread, weights = points[:, :used], spread[:, :used], weights[:, :used]

    def of_channel(values: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        rows, columns = _bells(*values, size)
        return tf.reduce_max(rows[..., tf.newaxis] * columns[..., tf.newaxis, :], axis=1)

    by_channel = (
        tf.transpose(points, [2, 0, 1, 3]),
        tf.transpose(spread, [2, 0, 1]),
        tf.transpose(weights, [2, 0, 1]),
    )
    heat = tf.map_fn(of_channel, by_channel, fn_output_signature=tf.float32, parallel_iterations=1)
    return tf.stop_gradient(tf.maximum(tf.transpose(heat, [1, 2, 3, 0]), 0.0))


def box_spread(height: Tensor, width: Tensor, overlap: float) -> Tensor:
    """Standard deviation of the peak of a box of `height` and `width`, in the same unit (Law & Deng 2018).

    A third of the distance by which both corners of a box may be off while its IoU with the true box stays above
    `overlap`. The roots are those of the published code, which leaves the quadratic coefficient out of the divisor.
    """
    total, area = height + width, height * width

    def root(a: float, b: Tensor, c: Tensor) -> Tensor:
        return 0.5 * (tf.sqrt(tf.square(b) - 4.0 * a * c) - b)

    reach = tf.minimum(
        tf.minimum(
            root(1.0, -total, area * ((1.0 - overlap) / (1.0 + overlap))),
            root(4.0 * overlap, 2.0 * overlap * total, (overlap - 1.0) * area),
        ),
        root(4.0, -2.0 * total, (1.0 - overlap) * area),
    )
    return (2.0 * tf.maximum(tf.floor(reach), 0.0) + 1.0) / 6.0


def _used(weights: Tensor) -> Tensor:
    """How many of n points must be looked at for all with a weight; `weights` [batch, n]."""
    places = tf.range(1, tf.shape(weights)[1] + 1)
    return tf.reduce_max(tf.where(weights > 0.0, places, 0))


def _bells(points: Tensor, spread: Tensor, weights: Tensor, size: Size) -> tuple[Tensor, Tensor]:
    """The two factors of Gaussians of height `weights` [batch, n], along rows and along columns: [batch, n, side]."""
    weights = weights[..., tf.newaxis]
    rows = tf.where(weights > 0.0, weights * _bell(points[..., 0], spread, size[0]), 0.0)
    return rows, _bell(points[..., 1], spread, size[1])


def _bell(centres: Tensor, spread: Tensor, length: Tensor | int) -> Tensor:
    """Gaussians of height 1 along one side [batch, n, length] around the cells of `centres` [batch, n]."""
    cells = tf.cast(tf.range(length), tf.float32)
    distance = tf.square(cells - tf.floor(centres)[..., tf.newaxis])
    variance = 2.0 * tf.square(spread)[..., tf.newaxis]
    # Without any spread a peak has one cell.
    return tf.where(
        (variance > 0.0) | (distance == 0.0), tf.exp(-tf.math.divide_no_nan(distance, variance)), 0.0
    )


def _flat(shape: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    rows = tf.clip_by_value(rows, 0, shape[1] - 1)
    return rows * shape[2] + tf.clip_by_value(columns, 0, shape[2] - 1)
