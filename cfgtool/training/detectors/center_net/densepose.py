"""DensePose of CenterNet (Gueler et al. 2018, arXiv:1802.00434): the part of the body that a pixel shows, and where
on its surface.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training import replicas
from cfgtool.training.detectors.center_net.cells import at_cells, at_channels
from cfgtool.training.detectors.center_net.masks import HEATMAP as MASKS
from cfgtool.training.detectors.center_net.masks import InstanceCrops, crop
from cfgtool.training.detectors.center_net.task import Peaks, Truth
from cfgtool.training.targets.localization import build_localization_loss
from cfgtool.training.targets.losses import build_classification_loss

if TYPE_CHECKING:
    from cfgtool.schema import Config

HEATMAP = "densepose/heatmap"
REGRESSION = "densepose/regression"


class _Corner(NamedTuple):
    """Cells int32 [batch, points], and how much each counts, float32 [batch, points]."""

    rows: Tensor
    columns: Tensor
    share: Tensor


class _Points(NamedTuple):
    """Annotated points, all objects of an image in one row: [batch, points].

    The value of a map at a point is the sum over its `corners`. `surface` is [batch, points, 2] as v, u.
    """

    corners: list[_Corner]
    parts: Tensor
    surface: Tensor
    weights: Tensor


class DensePoseEstimation:
    """The task that `CenterNet.densepose_estimation_task` describes; see `Task`.

    Needs `densepose_num_points` int32 [batch, n], `densepose_part_ids` int32 [batch, n, p] from 0 and
    `densepose_surface_coords` float32 [batch, n, p, 4] (y, x as fractions of the input, v, u) in batches.
    """

    loss_terms: tuple[str, ...] = (HEATMAP, REGRESSION)
    needs: tuple[str, ...] = ("densepose_num_points", "densepose_part_ids", "densepose_surface_coords")

    def __init__(self, config: Config, masks: Config, *, trim_padding: bool = True) -> None:
        """`config` is the `CenterNet.DensePoseEstimation` message, `masks` the `CenterNet.MaskEstimation` message, with
        nothing that `impossible_tasks` finds.
        """
        self._trim = trim_padding
        loss = config.message("loss")
        self._part_loss = build_classification_loss(loss.message("classification_loss"))
        self._surface_loss = build_localization_loss(loss.message("localization_loss"))
        self._part_count = config.integer("num_parts")
        self._class = config.integer("class_id")
        self._upsampled = config.flag("upsample_to_input_res")
        weight = config.number("task_loss_weight")
        self._part_weight = weight * config.number("part_loss_weight")
        self._surface_weight = weight * config.number("coordinate_loss_weight")
        self._crops = InstanceCrops(masks)

    def losses(self, outputs: Sequence[Mapping[str, Tensor]], truth: Truth) -> dict[str, Tensor]:
        """The loss of the part and of the two coordinates at the points, the mean over the points that count."""
        points = self._points(truth.trimmed(*self.needs) if self._trim else truth)
        # Each point is one anchor.
        parts = tf.reshape(points.parts, [-1, 1])
        surface = tf.reshape(points.surface, [-1, 1, 2])
        weights = tf.reshape(points.weights, [-1, 1])
        part_total, surface_total = tf.zeros([]), tf.zeros([])
        for heads in outputs:
            logits = self._logits(heads[HEATMAP], points)
            part_total += tf.reduce_sum(self._part_loss.per_anchor(logits, parts, weights))
            coordinates = self._coordinates(heads[REGRESSION], points)
            surface_total += tf.reduce_sum(self._surface_loss.per_anchor(coordinates, surface, weights))
        count = tf.reduce_sum(tf.cast(points.weights != 0.0, tf.float32))
        normalizer = len(outputs) * replicas.at_least_one(count)
        return {
            HEATMAP: self._part_weight * part_total / normalizer,
            REGRESSION: self._surface_weight * surface_total / normalizer,
        }

    def decode(
        self,
        outputs: Mapping[str, Tensor],
        peaks: Peaks,
        true_image_shapes: Tensor,  # noqa: ARG002
    ) -> dict[str, Tensor]:
        """`detection_masks` uint8 [batch, k, mask_height, mask_width] in place of those of the masks' task, and
        `detection_surface_coords` float32 [batch, k, mask_height, mask_width, 2] as v, u.

        Masks of the class `class_id` hold the parts, counted from 1; there alone are coordinates other than 0.
        """
        shown = self._crops.of(outputs[MASKS], peaks)
        scores = tf.cast(outputs[HEATMAP], tf.float32)
        surface = tf.cast(outputs[REGRESSION], tf.float32)
        places = tf.range(tf.shape(scores)[0])[:, tf.newaxis]
        pairs = [*self._crops.size, self._part_count, 2]

        def of_one(boxes: Tensor) -> tuple[Tensor, Tensor]:
            """Parts and their coordinates in one box of each image [batch, 4]."""
            box = boxes[:, tf.newaxis]
            parts = crop(scores, box, places, self._crops.size)[:, 0]
            parts = tf.argmax(parts, axis=-1, output_type=tf.int32)
            coordinates = tf.reshape(crop(surface, box, places, self._crops.size), [-1, *pairs])
            return parts, tf.gather(coordinates, parts, batch_dims=3)

        # One detection after the other: the crops of all of them would be gigabytes.
        types = (tf.int32, tf.float32)
        parts, coordinates = tf.map_fn(
            of_one, tf.transpose(peaks.boxes, [1, 0, 2]), fn_output_signature=types
        )
        parts, coordinates = (_batch_first(value) for value in (parts, coordinates))
        dressed = (peaks.classes == self._class)[..., tf.newaxis, tf.newaxis]
        masks = tf.where(shown, tf.where(dressed, parts + 1, 1), 0)
        coordinates = tf.where((shown & dressed)[..., tf.newaxis], coordinates, 0.0)
        return {"detection_masks": tf.cast(masks, tf.uint8), "detection_surface_coords": coordinates}

    def _points(self, truth: Truth) -> _Points:
        """Points of objects without a weight, padding and parts that there are not do not count."""
        parts = truth.batch["densepose_part_ids"]
        places, surface = tf.split(truth.batch["densepose_surface_coords"], 2, axis=-1)
        real = tf.sequence_mask(truth.batch["densepose_num_points"], tf.shape(parts)[2])
        real &= (parts >= 0) & (parts < self._part_count)
        weights = tf.where(real, truth.weights[..., tf.newaxis], 0.0)
        row = [tf.shape(parts)[0], tf.shape(parts)[1] * tf.shape(parts)[2]]
        # Padding may hold anything, and what is not a number would be one under every weight.
        places = tf.where(real[..., tf.newaxis], truth.grid(places), 0.0)
        places = tf.reshape(places, [*row, 2])
        return _Points(
            corners=_upsampled(places, truth) if self._upsampled else [_cell(places)],
            parts=tf.reshape(tf.clip_by_value(parts, 0, self._part_count - 1), row),
            surface=tf.reshape(surface, [*row, 2]),
            weights=tf.reshape(weights, row),
        )

    def _logits(self, heatmap: Tensor, points: _Points) -> Tensor:
        """Scores of the parts at the points [anchors, 1, parts]."""
        values = tf.add_n(
            [
                corner.share[..., tf.newaxis] * at_cells(heatmap, corner.rows, corner.columns)
                for corner in points.corners
            ]
        )
        return tf.reshape(values, [-1, 1, self._part_count])

    def _coordinates(self, regression: Tensor, points: _Points) -> Tensor:
        """Coordinates v, u on the true part at the points [anchors, 1, 2]."""
        v_and_u = [
            tf.add_n(
                [
                    corner.share * at_channels(regression, corner.rows, corner.columns, channel)
                    for corner in points.corners
                ]
            )
            for channel in (2 * points.parts, 2 * points.parts + 1)
        ]
        return tf.reshape(tf.stack(v_and_u, axis=-1), [-1, 1, 2])


def _cell(places: Tensor) -> _Corner:
    """The cell of each place [batch, points, 2] in cells."""
    cells = tf.cast(places, tf.int32)
    return _Corner(cells[..., 0], cells[..., 1], tf.ones_like(places[..., 0]))


def _upsampled(places: Tensor, truth: Truth) -> list[_Corner]:
    """The four cells that a map resampled bilinearly to the input's pixels takes the places' pixels from.

    `places` [batch, points, 2] are in cells. Only the values that are asked for are resampled, not the whole map.
    """
    limits = tf.cast(tf.stack(truth.size), tf.float32)
    pixels = tf.clip_by_value(tf.math.floor(places * truth.stride), 0.0, limits * truth.stride - 1.0)
    between = tf.clip_by_value((pixels + 0.5) / truth.stride - 0.5, 0.0, limits - 1.0)
    low = tf.math.floor(between)
    share = between - low
    first = tf.cast(low, tf.int32)
    second = tf.minimum(first + 1, tf.stack(truth.size) - 1)
    rows = [(first[..., 0], 1.0 - share[..., 0]), (second[..., 0], share[..., 0])]
    columns = [(first[..., 1], 1.0 - share[..., 1]), (second[..., 1], share[..., 1])]
    return [_Corner(row, column, y * x) for row, y in rows for column, x in columns]


def _batch_first(values: Tensor) -> Tensor:
    """[k, batch, ...] as [batch, k, ...]."""
    return tf.transpose(values, [1, 0, *range(2, values.shape.rank)])
