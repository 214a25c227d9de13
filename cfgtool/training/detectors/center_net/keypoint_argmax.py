"""Keypoints of objects as the highest places of heat maps, each looked at from where an object expects it."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.detectors.center_net.keypoint_candidates import Found, Heads
from cfgtool.training.detectors.center_net.keypoint_places import KeypointPlaces
from cfgtool.training.detectors.center_net.peaks import heat_size
from cfgtool.training.detectors.center_net.task import Peaks
from cfgtool.training.targets.boxes import corners


class Highest:
    """`argmax_postprocessing`: the heat map times a Gaussian around the regressed keypoint, within the box."""

    def __init__(self, settings: KeypointPlaces) -> None:
        self._heads = Heads(settings)
        self._ratio = settings.config.number("gaussian_denom_ratio")

    def find(self, outputs: Mapping[str, Tensor], peaks: Peaks, of_class: Tensor | None = None) -> Found:
        """The keypoints of every peak. A score is that of the object that sees most at the place.

        `of_class` float32 [batch, n] is 0 for peaks that are not of the task's class; None for all. Nothing larger
        than [batch, n, height, width] is made.
        """
        heat = self._heads.heat(outputs)
        size = heat_size(heat)
        denominator = tf.cast(tf.minimum(*size), tf.float32) * self._ratio
        ymin, xmin, ymax, xmax = corners(peaks.boxes)
        seen = tf.ones_like(peaks.scores) if of_class is None else of_class

        def side(centres: Tensor, start: Tensor, end: Tensor, length: Tensor | int) -> Tensor:
            cells = tf.cast(tf.range(length), tf.float32)
            near = tf.exp(-tf.square(cells - centres[..., tf.newaxis]) / denominator)
            within = (cells >= start[..., tf.newaxis]) & (cells < end[..., tf.newaxis])
            return tf.where(within, near, 0.0)

        def of_keypoint(values: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            scores, centres = values
            rows = side(centres[..., 0], ymin, ymax, size[0]) * seen[..., tf.newaxis]
            columns = side(centres[..., 1], xmin, xmax, size[1])
            field = scores[:, tf.newaxis] * rows[..., tf.newaxis] * columns[..., tf.newaxis, :]
            shape = tf.shape(field)
            field = tf.reshape(field, [shape[0], shape[1], shape[2] * shape[3]])
            places = tf.argmax(field, axis=-1, output_type=tf.int32)
            return places, tf.gather(tf.reduce_max(field, axis=1), places, batch_dims=1)

        by_keypoint = (
            tf.transpose(heat, [3, 0, 1, 2]),
            tf.transpose(self._heads.regressed(outputs, peaks), [2, 0, 1, 3]),
        )
        cells, scores = tf.map_fn(
            of_keypoint, by_keypoint, fn_output_signature=(tf.int32, tf.float32), parallel_iterations=1
        )
        cells = tf.transpose(cells, [1, 0, 2])
        rows, columns = cells // size[1], cells % size[1]
        depths = self._heads.depths(outputs, rows, columns)
        return Found(
            tf.transpose(self._heads.places(outputs, rows, columns), [0, 2, 1, 3]),
            tf.transpose(scores, [1, 2, 0]),
            None if depths is None else tf.transpose(depths, [0, 2, 1]),
        )
