"""All keypoint tasks of a config, as one task of the detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.detectors.center_net.keypoint_argmax import Highest
from cfgtool.training.detectors.center_net.keypoint_candidates import Found, Snapping
from cfgtool.training.detectors.center_net.keypoint_losses import KeypointLosses
from cfgtool.training.detectors.center_net.keypoint_places import KeypointPlaces
from cfgtool.training.detectors.center_net.task import Peaks, Truth

PLACES, SCORES, DEPTHS = "detection_keypoints", "detection_keypoint_scores", "detection_keypoint_depths"


class _Of(NamedTuple):
    """One keypoint task."""

    settings: KeypointPlaces
    losses: KeypointLosses
    search: Snapping | Highest


class Keypoints:
    """Losses and detections of all keypoint tasks."""

    def __init__(
        self,
        tasks: Sequence[KeypointPlaces],
        *,
        classes: int,
        boxes: bool,
        stride: int,
        trim_padding: bool = True,
    ) -> None:
        """`classes` is their number in the model; `boxes` says whether it predicts boxes, `stride` the size of a cell
        in pixels.
        """
        self._tasks = [
            _Of(
                one,
                KeypointLosses(one, trim_padding=trim_padding),
                Highest(one) if one.config.flag("argmax_postprocessing") else Snapping(one, boxes=boxes),
            )
            for one in tasks
        ]
        self._stride = stride
        # With one class in the model, every place that is found is of it, however low its score.
        self._all_of_class = classes == 1 and len(tasks) == 1
        self._count = 1 + max(place for one in tasks for place in one.ids)
        deep = any(one.config.flag("predict_depth") for one in tasks)
        self.needs = ("keypoints", *(("keypoint_depths", "keypoint_depth_weights") if deep else ()))
        self.loss_terms = tuple(term for one in self._tasks for term in one.losses.loss_terms)

    def losses(self, outputs: Sequence[Mapping[str, Tensor]], truth: Truth) -> dict[str, Tensor]:
        """`NAME/keypoint/heatmap`, `.../offset`, `.../regression` and `.../depth` of every task; see `Task.losses`."""
        found: dict[str, Tensor] = {}
        for one in self._tasks:
            found.update(one.losses.of(outputs, truth))
        return found

    def decode(
        self, outputs: Mapping[str, Tensor], peaks: Peaks, true_image_shapes: Tensor
    ) -> dict[str, Tensor]:
        """`detection_keypoints` [batch, n, keypoints, 2] as fractions of the true image, `detection_keypoint_scores`
        [batch, n, keypoints] and, where predicted, `detection_keypoint_depths`; each keypoint at its id in the label
        map, zeros for keypoints of other classes.
        """
        totals: dict[str, Tensor] = {}
        for one in self._tasks:
            for name, values in self._of_task(one, outputs, peaks, true_image_shapes).items():
                totals[name] = totals[name] + values if name in totals else values
        return totals

    def _of_task(
        self, one: _Of, outputs: Mapping[str, Tensor], peaks: Peaks, true_image_shapes: Tensor
    ) -> dict[str, Tensor]:
        real = None if self._all_of_class else _real(peaks, one.settings.class_id)
        found = (
            one.search.find(outputs, peaks, real)
            if isinstance(one.search, Highest)
            else one.search.find(outputs, peaks)
        )
        found = self._normalised(
            found, true_image_shapes, clip=one.settings.config.flag("clip_out_of_frame_keypoints")
        )
        values = {PLACES: found.places, SCORES: found.scores}
        if found.depths is not None:
            values[DEPTHS] = found.depths
        return {name: self._at_ids(value, one.settings, real) for name, value in values.items()}

    def _normalised(self, found: Found, true_image_shapes: Tensor, *, clip: bool) -> Found:
        """Places as fractions of the true image; `clip` moves those outside to its edge and takes their score."""
        scale = float(self._stride) / tf.cast(true_image_shapes[:, tf.newaxis, tf.newaxis, :2], tf.float32)
        places = found.places * scale
        if not clip:
            return found._replace(places=places)
        within = tf.reduce_all((places >= 0.0) & (places <= 1.0), axis=-1)
        return found._replace(
            places=tf.clip_by_value(places, 0.0, 1.0), scores=tf.where(within, found.scores, 0.0)
        )

    def _at_ids(self, values: Tensor, settings: KeypointPlaces, real: Tensor | None) -> Tensor:
        """`values` [batch, n, k, ...] at the ids of their keypoints, 0 for objects that are not `real`."""
        order = [settings.ids.index(place) if place in settings.ids else -1 for place in range(self._count)]
        there = tf.constant([float(place >= 0) for place in order])
        kept = there if real is None else there * real[..., tf.newaxis]
        placed = tf.gather(values, [max(place, 0) for place in order], axis=2)
        kept = tf.broadcast_to(kept, tf.shape(placed)[:3])
        return tf.where((kept if placed.shape.rank == 3 else kept[..., tf.newaxis]) > 0.0, placed, 0.0)

    def rescored(self, detections: Mapping[str, Tensor]) -> Tensor:
        """`detection_scores` [batch, n]; with `rescore_instances` times the mean score of the keypoints that are above
        `rescoring_threshold`.
        """
        scores = detections["detection_scores"]
        classes = tf.cast(detections["detection_classes"], tf.int32)
        for one in self._tasks:
            if not one.settings.config.flag("rescore_instances"):
                continue
            own = tf.gather(detections[SCORES], one.settings.ids, axis=2)
            seen = own > one.settings.config.number("rescoring_threshold")
            count = tf.maximum(tf.reduce_sum(tf.cast(seen, tf.float32), axis=-1), 1.0)
            mean = tf.reduce_sum(tf.where(seen, own, 0.0), axis=-1) / count
            scores = tf.where(classes == one.settings.class_id, scores * mean, scores)
        return scores


def _real(peaks: Peaks, class_id: int) -> Tensor:
    """1 for peaks of the class that count, else 0: float32 [batch, n]."""
    counted = tf.sequence_mask(peaks.count, tf.shape(peaks.classes)[1])
    return tf.cast(counted & (peaks.classes == class_id), tf.float32)
