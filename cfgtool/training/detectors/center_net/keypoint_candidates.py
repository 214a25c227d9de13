"""Keypoints of objects from heat maps: peaks that regressed keypoints snap to (Zhou et al. 2019, section 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.detectors.center_net.cells import at_cells, at_channels, box_spread
from cfgtool.training.detectors.center_net.keypoint_places import KeypointPlaces
from cfgtool.training.detectors.center_net.peaks import only_peaks, top
from cfgtool.training.detectors.center_net.task import Peaks
from cfgtool.training.targets.boxes import centres_and_sizes, corners, from_centres

_OVERLAP = 0.7
_FAR = 1e5
"""The distance of a candidate that is below the threshold, in cells."""


class Found(NamedTuple):
    """Keypoints of objects: `places` [batch, n, k, 2] (y, x) in cells, `scores` [batch, n, k], and `depths` [batch, n,
    k] where they are predicted.
    """

    places: Tensor
    scores: Tensor
    depths: Tensor | None


class Candidates(NamedTuple):
    """Peaks of each keypoint's heat map, best first: `places` [batch, k, c, 2] in cells, `scores` [batch, k, c],
    whether they are `good` enough [batch, k, c], `depths` [batch, k, c] where they are predicted.
    """

    places: Tensor
    scores: Tensor
    good: Tensor
    depths: Tensor | None


class Heads:
    """The outputs of one keypoint task, and how its numbers lie in them."""

    def __init__(self, settings: KeypointPlaces) -> None:
        self._name = settings.name
        self._count = len(settings.ids)
        self._per_offset = settings.config.flag("per_keypoint_offset")
        self._per_depth = settings.config.flag("per_keypoint_depth")
        self._has_depth = settings.config.flag("predict_depth")

    def heat(self, outputs: Mapping[str, Tensor]) -> Tensor:
        """Scores [batch, height, width, k]."""
        return tf.sigmoid(outputs[f"{self._name}/keypoint/heatmap"])

    def regressed(self, outputs: Mapping[str, Tensor], peaks: Peaks) -> Tensor:
        """Where keypoints lie as seen from the centres, [batch, n, k, 2] in cells."""
        found = at_cells(outputs[f"{self._name}/keypoint/regression"], peaks.rows, peaks.columns)
        shape = tf.shape(peaks.rows)
        centres = tf.cast(tf.stack([peaks.rows, peaks.columns], axis=-1), tf.float32)
        return tf.reshape(found, [shape[0], shape[1], self._count, 2]) + centres[..., tf.newaxis, :]

    def places(self, outputs: Mapping[str, Tensor], rows: Tensor, columns: Tensor) -> Tensor:
        """Places [batch, k, c, 2] of keypoints at cells [batch, k, c], moved by the offsets there."""
        values = outputs[f"{self._name}/keypoint/offset"]
        first = 2 * self._channels(rows) if self._per_offset else tf.zeros_like(rows)
        offsets = tf.stack([at_channels(values, rows, columns, first + axis) for axis in range(2)], axis=-1)
        return tf.cast(tf.stack([rows, columns], axis=-1), tf.float32) + offsets

    def depths(self, outputs: Mapping[str, Tensor], rows: Tensor, columns: Tensor) -> Tensor | None:
        """Depths [batch, k, c] at cells, None where none are predicted."""
        if not self._has_depth:
            return None
        channels = self._channels(rows) if self._per_depth else tf.zeros_like(rows)
        return at_channels(outputs[f"{self._name}/keypoint/depth"], rows, columns, channels)

    def _channels(self, rows: Tensor) -> Tensor:
        return tf.broadcast_to(tf.range(self._count)[:, tf.newaxis], tf.shape(rows))


class Snapping:
    """Takes regressed keypoints to candidates nearby; those without one stay where they are."""

    def __init__(self, settings: KeypointPlaces, *, boxes: bool) -> None:
        """`boxes` says whether objects have predicted boxes, which limit where candidates may lie."""
        config = settings.config
        self._heads = Heads(settings)
        self._boxes = boxes
        self._mode = config.text("candidate_ranking_mode")
        self._threshold = config.number("keypoint_candidate_score_threshold")
        self._most = config.integer("num_candidates_per_keypoint")
        self._kernel = config.integer("peak_max_pool_kernel_size")
        self._unmatched = config.number("unmatched_keypoint_score")
        self._box_scale = config.number("box_scale")
        self._search_scale = config.number("candidate_search_scale")
        self._distance_offset = config.number("score_distance_offset")
        self._distance_factor = config.number("score_distance_multiplier")
        self._spreads = [spread * config.number("std_dev_multiplier") for spread in settings.spreads]

    def find(self, outputs: Mapping[str, Tensor], peaks: Peaks) -> Found:
        """The keypoints of every peak, whatever its class."""
        candidates = self._candidates(outputs)
        regressed = self._heads.regressed(outputs, peaks)
        distances = tf.norm(regressed[..., tf.newaxis, :] - candidates.places[:, tf.newaxis], axis=-1)
        distances = tf.where(candidates.good[:, tf.newaxis], distances, _FAR)
        ranks = self._ranks(candidates.scores[:, tf.newaxis], distances, peaks.boxes)
        best = tf.argmax(ranks, axis=-1, output_type=tf.int32)
        places, scores = _take(candidates.places, best), _take(candidates.scores, best)
        if self._mode == "gaussian_weighted":
            scores = tf.reduce_max(ranks, axis=-1)
        lost = scores < self._threshold
        if self._boxes:
            lost |= self._too_far(places, tf.reduce_min(distances, axis=-1), peaks.boxes)
        depths = candidates.depths
        return Found(
            tf.where(lost[..., tf.newaxis], regressed, places),
            tf.where(lost, self._unmatched, scores),
            None if depths is None else tf.where(lost, 0.0, _take(depths, best)),
        )

    def _candidates(self, outputs: Mapping[str, Tensor]) -> Candidates:
        heat = only_peaks(self._heads.heat(outputs), self._kernel)
        shape = tf.shape(heat)
        by_keypoint = tf.transpose(heat, [0, 3, 1, 2])
        area = None if None in heat.shape[1:3] else heat.shape[1] * heat.shape[2]
        flat = tf.reshape(by_keypoint, [shape[0], shape[3], shape[1] * shape[2]])
        scores, cells = top(tf.ensure_shape(flat, [heat.shape[0], heat.shape[3], area]), self._most)
        rows, columns = cells // shape[2], cells % shape[2]
        return Candidates(
            self._heads.places(outputs, rows, columns),
            scores,
            scores >= self._threshold,
            self._heads.depths(outputs, rows, columns),
        )

    def _ranks(self, scores: Tensor, distances: Tensor, boxes: Tensor) -> Tensor:
        """What the best candidate has most of, [batch, n, k, c]."""
        if self._mode == "min_distance":
            return -distances
        if self._mode == "score_distance_ratio":
            return scores / (distances + self._distance_offset)
        _, _, height, width = centres_and_sizes(boxes)
        if self._mode == "score_scaled_distance_ratio":
            offset = tf.maximum(height, width) * self._distance_factor
            return scores / (distances + offset[..., tf.newaxis, tf.newaxis])
        spread = box_spread(height, width, _OVERLAP)[..., tf.newaxis] * tf.constant(self._spreads)
        variance = 2.0 * tf.square(spread)[..., tf.newaxis]
        return scores * tf.exp(-tf.square(distances) / variance)

    def _too_far(self, places: Tensor, nearest: Tensor, boxes: Tensor) -> Tensor:
        """Whether `places` [batch, n, k, 2] lie outside of the grown box, or no candidate is near, [batch, n, k]."""
        y, x, height, width = centres_and_sizes(boxes)
        grown = from_centres(y, x, self._box_scale * height, self._box_scale * width)[..., tf.newaxis, :]
        ymin, xmin, ymax, xmax = corners(grown)
        py, px = places[..., 0], places[..., 1]
        radius = self._search_scale * tf.maximum(ymax - ymin, xmax - xmin)
        return (py < ymin) | (py > ymax) | (px < xmin) | (px > xmax) | (nearest > radius)


def _take(values: Tensor, best: Tensor) -> Tensor:
    """Of `values` [batch, k, c, ...] those at `best` [batch, n, k]: [batch, n, k, ...]."""
    taken = tf.gather(values, tf.transpose(best, [0, 2, 1]), batch_dims=2)
    return tf.transpose(taken, [0, 2, 1, *range(3, taken.shape.rank)])
