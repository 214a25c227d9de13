"""CenterNet: what lies between the heads' outputs and losses or detections (Zhou et al. 2019, arXiv:1904.07850)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError
from cfgtool.training.detectors.center_net.boxes import Boxes
from cfgtool.training.detectors.center_net.centers import OBJECT_CENTER, Centers, ObjectCenters
from cfgtool.training.detectors.center_net.keypoint_places import read_keypoint_places
from cfgtool.training.detectors.center_net.keypoints import PLACES, Keypoints
from cfgtool.training.detectors.center_net.other_tasks import build_tasks
from cfgtool.training.detectors.center_net.peaks import heat_size
from cfgtool.training.detectors.center_net.support import unsupported
from cfgtool.training.detectors.center_net.task import Peaks, Task, Truth
from cfgtool.training.detectors.center_net.tracking import Identify, TrackEstimation
from cfgtool.training.targets.nms import NonMaxSuppression, build_nms

if TYPE_CHECKING:
    from cfgtool.schema import Config

STRIDE = 4
"""Pixels of the input in a cell of the heads' outputs, along each side."""

Outputs = Sequence[Mapping[str, Tensor]]


class CenterNetDetector:
    """Losses and detections of a CenterNet.

    Outputs are what `networks.center_net.detector.center_net` gives, in float32: for each map of the extractor the
    outputs of the heads [batch, height, width, channels] by name.
    """

    def __init__(self, config: Config, *, trim_padding: bool = True) -> None:
        """`config` is the `CenterNet` message.

        `trim_padding=False` keeps every shape static and the losses compilable, for XLA. Raises UserError for what
        `unsupported` lists, and for values that cannot be.
        """
        problems = unsupported(config)
        if problems:
            raise UserError(problems[0])
        keypoints = read_keypoint_places(config)
        by_points = bool(config.message("object_center_params").numbers("keypoint_weights_for_center"))
        self._centers = ObjectCenters(config, keypoints[0] if by_points else None, trim_padding=trim_padding)
        boxes = config.has("object_detection_task")
        self._boxes = Boxes(config.message("object_detection_task")) if boxes else None
        self._keypoints = (
            Keypoints(
                keypoints,
                classes=config.integer("num_classes"),
                boxes=boxes,
                stride=STRIDE,
                trim_padding=trim_padding,
            )
            if keypoints
            else None
        )
        self._further = tuple(build_tasks(config, trim_padding=trim_padding))
        self._nms = (
            build_nms(config.message("post_processing").message("batch_non_max_suppression"))
            if config.has("post_processing")
            else None
        )
        self._with_outputs = config.flag("output_prediction_dict")

    @property
    def loss_terms(self) -> tuple[str, ...]:
        """The names of the losses, as the OD API reports them."""
        return tuple(term for part in self._parts() for term in part.loss_terms)

    def loss(
        self,
        outputs: Outputs,
        batch: Mapping[str, Tensor],
        identify: Identify | None = None,
        *,
        where_shown: bool = False,
    ) -> dict[str, Tensor]:
        """Weighted scalars by the names in `loss_terms`, for a batch as `cfgtool.training.input.pipeline` makes it.

        `identify` is what tracking needs, see `TrackEstimation.identified`. With `where_shown` a task whose `needs` the
        batch does not meet has no losses, else it raises UserError, as centres do anyway.
        """
        size = heat_size(outputs[0][OBJECT_CENTER])
        truth = Truth(batch, size, _valid(batch["true_image_shape"], size), STRIDE)
        found: dict[str, Tensor] = {}
        for part in self._parts():
            missing = [name for name in part.needs if name not in batch]
            if missing and where_shown and part is not self._centers:
                continue
            if missing:
                raise UserError(
                    f"the loss {part.loss_terms[0]!r} needs {missing[0]!r}, which the reader does not load"
                )
            if isinstance(part, TrackEstimation) and identify is not None:
                outputs = part.identified(outputs, truth, identify)
            found.update(part.losses(outputs, truth))
        return found

    def postprocess(self, outputs: Outputs, true_image_shapes: Tensor) -> dict[str, Tensor]:
        """Detections of a batch, under the OD API's names.

        `true_image_shapes` int32 [batch, 3]: height, width, channels of each image before padding. There are, with n =
        `max_box_predictions`, or `max_total_detections` with `post_processing`: `detection_scores` [batch, n],
        `detection_classes` [batch, n] from 0, `num_detections` [batch], `detection_multiclass_scores` [batch, n,
        classes], `detection_boxes` [batch, n, 4] as fractions of the true image; with predicted boxes
        `detection_boxes_strided`, the same in cells; and what each task adds. With `output_prediction_dict` there are
        the outputs of the last map too.
        """
        last = outputs[-1]
        centers = self._centers.peaks(last, true_image_shapes)
        count = tf.reduce_sum(tf.cast(centers.scores > 0.0, tf.int32), axis=1)
        found = {
            "detection_scores": centers.scores,
            "detection_classes": tf.cast(centers.classes, tf.float32),
            "num_detections": tf.cast(count, tf.float32),
            "detection_multiclass_scores": centers.class_scores,
        }
        found |= self._shapes(last, centers, count, true_image_shapes)
        if self._nms is not None:
            found = _suppressed(self._nms, found)
        if self._keypoints is not None:
            # After the suppression, which goes by the scores of centres.
            found["detection_scores"] = self._keypoints.rescored(found)
        return {**found, **last} if self._with_outputs else found

    def _shapes(
        self, last: Mapping[str, Tensor], centers: Centers, count: Tensor, true_image_shapes: Tensor
    ) -> dict[str, Tensor]:
        """What is predicted at the centres: boxes, keypoints and the rest."""
        found: dict[str, Tensor] = {}
        true_size = tf.tile(tf.cast(true_image_shapes[:, tf.newaxis, :2], tf.float32), [1, 1, 2])
        cells = tf.cast(tf.stack([centers.rows, centers.columns], axis=-1), tf.float32)
        peaks = Peaks(
            centers.scores, centers.classes, centers.rows, centers.columns, tf.tile(cells, [1, 1, 2]), count
        )
        if self._boxes is not None:
            peaks = peaks._replace(boxes=self._boxes.at(last, centers.rows, centers.columns))
            found["detection_boxes_strided"] = peaks.boxes
            found["detection_boxes"] = tf.clip_by_value(peaks.boxes * STRIDE / true_size, 0.0, 1.0)
        if self._keypoints is not None:
            found |= self._keypoints.decode(last, peaks, true_image_shapes)
            if self._boxes is None:
                points = found[PLACES]
                found["detection_boxes"] = tf.concat(
                    [tf.reduce_min(points, axis=2), tf.reduce_max(points, axis=2)], axis=-1
                )
        # The masks are those within the boxes that are told.
        peaks = peaks._replace(boxes=found["detection_boxes"] * true_size / STRIDE)
        for task in self._further:
            found |= task.decode(last, peaks, true_image_shapes)
        return found

    def _parts(self) -> list[ObjectCenters | Boxes | Keypoints | Task]:
        found = [part for part in (self._boxes, self._keypoints) if part is not None]
        return [self._centers, *found, *self._further]


def _valid(true_image_shapes: Tensor, size: tuple[Tensor | int, Tensor | int]) -> Tensor:
    """1 on cells that show the image and 0 on its padding, float32 [batch, height * width]."""
    ends = -(-true_image_shapes[:, :2] // STRIDE)
    rows, columns = tf.range(size[0]) < ends[:, :1], tf.range(size[1]) < ends[:, 1:]
    valid = rows[:, :, tf.newaxis] & columns[:, tf.newaxis, :]
    return tf.cast(tf.reshape(valid, [tf.shape(ends)[0], size[0] * size[1]]), tf.float32)


def _suppressed(nms: NonMaxSuppression, found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What of the detections stays; each is of the class of its peak alone, and boxes without area have no say.

    Boxes are fractions of the true image already, so `change_coordinate_frame` has nothing to change.
    """
    scores = found["detection_multiclass_scores"]
    own = tf.one_hot(tf.cast(found["detection_classes"], tf.int32), scores.shape[-1])
    boxes = found["detection_boxes"]
    whole = tf.tile([[0.0, 0.0, 1.0, 1.0]], [tf.shape(boxes)[0], 1])
    chosen = nms.select(boxes[:, :, tf.newaxis], scores * own, whole)
    real = tf.sequence_mask(chosen.count, nms.max_total)

    def kept(values: Tensor) -> Tensor:
        taken = tf.gather(values, chosen.indices, batch_dims=1)
        mask = tf.reshape(real, [*tf.unstack(tf.shape(real)), *[1] * (taken.shape.rank - 2)])
        return tf.where(mask, taken, tf.zeros([], taken.dtype))

    kept_of_all = {name: kept(values) for name, values in found.items() if name != "num_detections"}
    return {
        **kept_of_all,
        "detection_boxes": chosen.boxes,
        "detection_scores": chosen.scores,
        "detection_classes": tf.cast(chosen.classes, tf.float32),
        "num_detections": tf.cast(chosen.count, tf.float32),
    }
