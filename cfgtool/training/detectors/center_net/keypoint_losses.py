"""The losses of a keypoint task (Zhou et al. 2019, section 4.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training import replicas
from cfgtool.training.detectors.center_net.cells import (
    at_cells,
    at_channels,
    box_spread,
    gaussian_maps_by_channel,
    inside,
)
from cfgtool.training.detectors.center_net.keypoint_places import KeypointPlaces
from cfgtool.training.detectors.center_net.keypoint_truth import Points, keypoints_of
from cfgtool.training.detectors.center_net.task import Truth
from cfgtool.training.targets.boxes import centres_and_sizes, corners
from cfgtool.training.targets.localization import build_localization_loss
from cfgtool.training.targets.losses import build_classification_loss

_OVERLAP = 0.7
"""The `min_box_overlap_iou` by which the size of an object scales the peaks of its keypoints."""
_WEIGHTS = {
    "heatmap": "keypoint_heatmap_loss_weight",
    "offset": "keypoint_offset_loss_weight",
    "regression": "keypoint_regression_loss_weight",
    "depth": "keypoint_depth_loss_weight",
}
"""What a head's loss is weighted by."""
_ABSENT = 1e-3
"""The weight below which a keypoint is not known."""


class KeypointLosses:
    """The losses of heat maps, offsets, regression and depths of one task.

    A keypoint's weight multiplies what it adds to the losses of offset, regression and depth; of the heat map, which
    is a loss of cells, it only decides whether the keypoint is there.
    """

    def __init__(self, settings: KeypointPlaces, *, trim_padding: bool = True) -> None:
        config = settings.config
        self._settings = settings
        self._trim = trim_padding
        self._class_loss = build_classification_loss(config.message("loss").message("classification_loss"))
        self._place_loss = build_localization_loss(config.message("loss").message("localization_loss"))
        self._per_offset = config.flag("per_keypoint_offset")
        self._per_depth = config.flag("per_keypoint_depth")
        task = config.number("task_loss_weight")
        names = [name for name in _WEIGHTS if name != "depth" or config.flag("predict_depth")]
        self._names = {name: f"{settings.name}/keypoint/{name}" for name in names}
        self._weights = {name: task * config.number(_WEIGHTS[name]) for name in names}
        self._around = tf.constant(_around(config.integer("offset_peak_radius")), tf.float32)

    @property
    def loss_terms(self) -> tuple[str, ...]:
        """The names of the losses."""
        return tuple(self._names.values())

    def of(self, outputs: Sequence[Mapping[str, Tensor]], truth: Truth) -> dict[str, Tensor]:
        """See `Task.losses`."""
        points = keypoints_of(self._settings, truth)
        losses = {
            "heatmap": self._heat_loss(self._of_head("heatmap", outputs), points, truth),
            "offset": self._offset_loss(self._of_head("offset", outputs), points, truth),
            "regression": self._regression_loss(self._of_head("regression", outputs), points, truth),
        }
        if "depth" in self._names:
            losses["depth"] = self._depth_loss(self._of_head("depth", outputs), points, truth)
        return {self._names[name]: self._weights[name] * loss for name, loss in losses.items()}

    def _of_head(self, name: str, outputs: Sequence[Mapping[str, Tensor]]) -> list[Tensor]:
        return [output[self._names[name]] for output in outputs]

    def _heat_loss(self, heats: Sequence[Tensor], points: Points, truth: Truth) -> Tensor:
        """Over all cells of the image that are in no object without the keypoint, by keypoint."""
        _, _, height, width = centres_and_sizes(truth.grid(truth.batch["boxes"]))
        spread = box_spread(height, width, _OVERLAP)[..., tf.newaxis] * tf.constant(self._settings.spreads)
        target = gaussian_maps_by_channel(points.places, spread, points.heights, truth.size, trim=self._trim)
        shape = tf.shape(target)
        known = self._known(points, truth) * tf.reshape(truth.valid, [*tf.unstack(shape[:3]), 1])
        total = tf.add_n(
            [tf.reduce_sum(self._class_loss.elementwise(heat, target) * known) for heat in heats]
        )
        # Weights are counted as whole keypoints in each image.
        count = tf.reduce_sum(tf.floor(tf.reduce_sum(points.heights, axis=1)))
        return total / (len(heats) * replicas.at_least_one(count))

    def _known(self, points: Points, truth: Truth) -> Tensor:
        """0 on cells in the box of an object whose keypoint is not known, else 1: [batch, height, width, k]."""
        ymin, xmin, ymax, xmax = corners(truth.grid(truth.batch["boxes"])[..., tf.newaxis, :])
        y = tf.cast(tf.range(truth.size[0]), tf.float32)
        x = tf.cast(tf.range(truth.size[1]), tf.float32)
        rows = tf.cast((y >= ymin) & (y < ymax), tf.float32)
        columns = tf.cast((x >= xmin) & (x < xmax), tf.float32)
        within = rows[..., tf.newaxis] * columns[..., tf.newaxis, :]
        shape = tf.shape(within)
        within = tf.reshape(within, [shape[0], shape[1], shape[2] * shape[3]])
        absent = tf.cast(points.heights < _ABSENT, tf.float32)
        hidden = tf.matmul(within, absent, transpose_a=True)
        return tf.reshape(tf.cast(hidden == 0.0, tf.float32), [shape[0], shape[2], shape[3], absent.shape[2]])

    def _offset_loss(self, offsets: Sequence[Tensor], points: Points, truth: Truth) -> Tensor:
        """At all cells around keypoints, by cell."""
        cells, weights = self._cells_around(points.places, points.weights, truth)
        target = points.places[..., tf.newaxis, :] - cells
        found = [self._pairs(values, cells, each=self._per_offset) for values in offsets]
        return self._mean(found, target, weights)

    def _regression_loss(self, regressions: Sequence[Tensor], points: Points, truth: Truth) -> Tensor:
        """At all cells around centres, by cell and keypoint."""
        y, x, _, _ = centres_and_sizes(truth.grid(truth.batch["boxes"]))
        centres = tf.stack([y, x], axis=-1)[..., tf.newaxis, :]
        cells, weights = self._cells_around(
            tf.broadcast_to(centres, tf.shape(points.places)), points.weights, truth
        )
        target = points.places[..., tf.newaxis, :] - cells
        return self._mean([self._pairs(values, cells, each=True) for values in regressions], target, weights)

    def _depth_loss(self, depths: Sequence[Tensor], points: Points, truth: Truth) -> Tensor:
        """At all cells around keypoints whose depth is known, by cell."""
        cells, weights = self._cells_around(points.places, points.weights, truth)
        target = tf.gather(truth.batch["keypoint_depths"], self._settings.ids, axis=2)
        of_depth = tf.gather(truth.batch["keypoint_depth_weights"], self._settings.ids, axis=2)
        there = tf.math.is_finite(target) & tf.math.is_finite(of_depth)
        target, of_depth = tf.where(there, target, 0.0), tf.where(there, of_depth, 0.0)
        rows, columns = _indices(cells)
        channels = self._channels(rows) if self._per_depth else tf.zeros_like(rows)
        found = [at_channels(values, rows, columns, channels)[..., tf.newaxis] for values in depths]
        shape = tf.shape(cells)
        target = tf.broadcast_to(target[..., tf.newaxis, tf.newaxis], [*tf.unstack(shape[:4]), 1])
        return self._mean(found, target, weights * of_depth[..., tf.newaxis])

    def _mean(self, found: Sequence[Tensor], target: Tensor, weights: Tensor) -> Tensor:
        total = tf.add_n([tf.reduce_sum(weights * self._place_loss.unweighted(one, target)) for one in found])
        return total / (len(found) * replicas.at_least_one(tf.reduce_sum(weights)))

    def _cells_around(self, places: Tensor, weights: Tensor, truth: Truth) -> tuple[Tensor, Tensor]:
        """All cells within the peak radius of `places` [batch, n, k, 2]: [batch, n, k, cells, 2] and their weights
        [batch, n, k, cells], 0 outside of the map.
        """
        cells = tf.floor(places)[..., tf.newaxis, :] + self._around
        return cells, weights[..., tf.newaxis] * inside(cells, truth.size)

    def _pairs(self, values: Tensor, cells: Tensor, *, each: bool) -> Tensor:
        """Two numbers at `cells` [batch, n, k, cells, 2]: `each` keypoint's own, or the same for all of them."""
        rows, columns = _indices(cells)
        if not each:
            return at_cells(values, rows, columns)
        first = 2 * self._channels(rows)
        return tf.stack([at_channels(values, rows, columns, first + axis) for axis in range(2)], axis=-1)

    def _channels(self, rows: Tensor) -> Tensor:
        """The number of the keypoint, for each of [batch, n, k, cells]."""
        return tf.broadcast_to(tf.range(len(self._settings.ids))[:, tf.newaxis], tf.shape(rows))


def _indices(cells: Tensor) -> tuple[Tensor, Tensor]:
    rows, columns = tf.unstack(tf.cast(cells, tf.int32), axis=-1, num=2)
    return rows, columns


def _around(radius: int) -> list[tuple[int, int]]:
    """The cells within `radius` of a cell, relative to it."""
    side = range(-radius, radius + 1)
    return [(y, x) for y in side for x in side if y * y + x * x <= radius * radius]
