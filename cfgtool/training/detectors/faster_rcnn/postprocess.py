"""From what the second stage says of proposals to detections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.detectors.calibration import build_calibration
from cfgtool.training.detectors.faster_rcnn.box_classifier import RawBoxes
from cfgtool.training.detectors.faster_rcnn.rpn import Proposals
from cfgtool.training.detectors.postprocess import as_detections, build_score_converter
from cfgtool.training.targets import boxes as geometry
from cfgtool.training.targets.box_coders import BoxCoder
from cfgtool.training.targets.nms import NOTHING, build_nms

if TYPE_CHECKING:
    from cfgtool.schema import Config


class BoxPostprocessor:
    """Decodes refined boxes, turns logits into scores, removes duplicates."""

    def __init__(self, config: Config, coder: BoxCoder, num_classes: int) -> None:
        """`config` is the `PostProcessing` message. Raises UserError for values that cannot be."""
        self._coder = coder
        self._to_scores = build_score_converter(config)
        self._calibrate = build_calibration(config, num_classes + 1, 0)
        self._nms = build_nms(config.message("batch_non_max_suppression"))
        # The boxes of these detectors are always expressed relative to the image.
        self._nms.change_frame = True

    def detect(self, raw: RawBoxes, proposals: Proposals, windows: Tensor) -> dict[str, Tensor]:
        """Detections; `windows` [batch, 4] are the images before padding, in pixels as the proposals.

        As `SsdPostprocessor.detect` says, but `detection_anchor_indices` count the proposals, and the raw boxes
        [batch, proposals, 4], those of the best class, are clipped fractions of the true image as well.
        """
        boxes = self._coder.decode(raw.codes, proposals.boxes[:, :, tf.newaxis])
        scores = self._calibrate(self._to_scores(raw.logits))
        present = tf.sequence_mask(proposals.count, tf.shape(proposals.boxes)[1])[..., tf.newaxis]
        of_classes = tf.where(present, scores[..., 1:], NOTHING)
        candidates = _of_best(boxes, of_classes) if self._nms.class_agnostic else boxes
        chosen = self._nms.select(candidates, of_classes, windows)
        raw_boxes = geometry.relative_to(_of_best(boxes, raw.logits[..., 1:])[:, :, 0], windows)
        real = tf.sequence_mask(chosen.count, self._nms.max_total)[..., tf.newaxis]
        return as_detections(chosen, real, tf.clip_by_value(raw_boxes, 0.0, 1.0), scores)


def proposals_as_detections(
    proposals: Proposals, boxes: Tensor, scores: Tensor, windows: Tensor
) -> dict[str, Tensor]:
    """The detections of a network with one stage: objects of whatever class, under the names of `detect`.

    `boxes` [batch, n, 4] in pixels and `scores` [batch, n, 2] are those of all anchors. The class is 0, as in the
    class-agnostic evaluation of the OD API.
    """
    real = tf.sequence_mask(proposals.count, tf.shape(proposals.boxes)[1])[..., tf.newaxis]
    both = tf.gather(scores, proposals.indices, batch_dims=1)
    return {
        "detection_boxes": tf.where(real, geometry.relative_to(proposals.boxes, windows), 0.0),
        "detection_scores": proposals.scores,
        "detection_classes": tf.zeros_like(proposals.scores),
        "num_detections": tf.cast(proposals.count, tf.float32),
        "detection_multiclass_scores": tf.where(real, both, 0.0),
        "detection_anchor_indices": proposals.indices,
        "raw_detection_boxes": geometry.relative_to(boxes, windows),
        "raw_detection_scores": scores,
    }


def _of_best(boxes: Tensor, scores: Tensor) -> Tensor:
    """Of boxes [batch, n, classes or 1, 4] those of the best class, [batch, n, 1, 4]."""
    if boxes.shape[2] == 1:
        return boxes
    best = tf.argmax(scores, axis=-1, output_type=tf.int32)
    return tf.gather(boxes, best[..., tf.newaxis], axis=2, batch_dims=2)
