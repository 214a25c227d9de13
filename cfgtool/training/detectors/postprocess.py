"""From raw SSD predictions to detections."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError
from cfgtool.training.detectors.calibration import build_calibration, temperature
from cfgtool.training.targets import boxes as geometry
from cfgtool.training.targets.anchors import Anchors
from cfgtool.training.targets.assigner import Slots
from cfgtool.training.targets.box_coders import BoxCoder, KeypointCoder
from cfgtool.training.targets.nms import Selection, build_nms

if TYPE_CHECKING:
    from cfgtool.schema import Config


class SsdPostprocessor:
    """Decodes boxes, turns logits into scores, removes duplicates."""

    def __init__(
        self,
        config: Config,
        anchors: Anchors,
        coder: BoxCoder,
        image_shape: tuple[int, int],
        slots: Slots,
    ) -> None:
        """`config` is the `PostProcessing` message; `image_shape` the (height, width) of the padded image."""
        self._anchors = anchors
        self._coder = coder
        self._image_shape = image_shape
        self._first_class = int(slots.background)
        self._to_scores = build_score_converter(config)
        self._calibrate = build_calibration(config, slots.total, 0 if slots.background else 1)
        self._nms = build_nms(config.message("batch_non_max_suppression"))

    def detect(self, codes: Tensor, logits: Tensor, true_image_shapes: Tensor) -> dict[str, Tensor]:
        """Detections from codes [batch, anchors, code_size] and logits [batch, anchors, slots].

        `true_image_shapes` int32 [batch, 3]. Returns, with n = max_total_detections and zeros after the last
        detection: `detection_boxes` [batch, n, 4], `detection_scores` [batch, n], `detection_classes` [batch,
        n] from 0, `num_detections` [batch], `detection_multiclass_scores` [batch, n, slots],
        `detection_anchor_indices` [batch, n] int32, and before suppression `raw_detection_boxes` [batch,
        anchors, 4], `raw_detection_scores` [batch, anchors, slots]; with a box coder for keypoints also
        `detection_keypoints` [batch, n, keypoints, 2]. Boxes and keypoints are fractions of the true image with
        `change_coordinate_frame`, else of the padded one; raw boxes always of the padded one.
        """
        codes = tf.cast(codes, tf.float32)
        boxes = self._coder.decode(codes, tf.constant(self._anchors))
        scores = self._calibrate(self._to_scores(tf.cast(logits, tf.float32)))
        window = self._window(true_image_shapes)
        chosen = self._nms.select(boxes[:, :, tf.newaxis, :], scores[:, :, self._first_class :], window)
        real = tf.sequence_mask(chosen.count, self._nms.max_total)[..., tf.newaxis]
        detections = as_detections(chosen, real, boxes, scores)
        if isinstance(self._coder, KeypointCoder):
            keypoints = self._keypoints(self._coder, codes, chosen.indices, window)
            detections["detection_keypoints"] = tf.where(real[..., tf.newaxis], keypoints, 0.0)
        return detections

    def _keypoints(self, coder: KeypointCoder, codes: Tensor, indices: Tensor, window: Tensor) -> Tensor:
        """Keypoints [batch, n, keypoints, 2] of the anchors [batch, n]."""
        anchors = tf.gather(tf.constant(self._anchors), indices)
        keypoints = coder.decode_keypoints(tf.gather(codes, indices, batch_dims=1), anchors)
        return geometry.points_relative_to(keypoints, window) if self._nms.change_frame else keypoints

    def _window(self, true_image_shapes: Tensor) -> Tensor:
        """The true image within the padded one, [batch, 4] as fractions."""
        ends = tf.cast(true_image_shapes[:, :2], tf.float32) / tf.constant(self._image_shape, tf.float32)
        return tf.concat([tf.zeros_like(ends), ends], axis=1)


def as_detections(chosen: Selection, real: Tensor, boxes: Tensor, scores: Tensor) -> dict[str, Tensor]:
    """What is told of the boxes that are `chosen` of raw `boxes` [batch, anchors, 4] and `scores` [batch, anchors,
    slots], and these, under the OD API's names; `real` bool [batch, n, 1] are those before the last.
    """
    all_scores = tf.gather(scores, chosen.indices, batch_dims=1)
    return {
        "detection_boxes": chosen.boxes,
        "detection_scores": chosen.scores,
        "detection_classes": tf.cast(chosen.classes, tf.float32),
        "num_detections": tf.cast(chosen.count, tf.float32),
        "detection_multiclass_scores": tf.where(real, all_scores, 0.0),
        "detection_anchor_indices": chosen.indices,
        "raw_detection_boxes": boxes,
        "raw_detection_scores": scores,
    }


def build_score_converter(config: Config) -> Callable[[Tensor], Tensor]:
    """Logits [..., slots] to scores, as a `PostProcessing` message says, before a calibration of scores.

    Logits are divided by `logit_scale` and by the temperature of the calibration.
    """
    scale = config.number("logit_scale")
    if scale == 0.0:
        raise UserError(f"'{config.path}.logit_scale' is '0'", hint="logits are divided by it")
    if config.has("calibration_config"):
        scale *= temperature(config.message("calibration_config"))
    match config.enum("score_converter"):
        case "SIGMOID":
            return lambda logits: tf.sigmoid(logits / scale)
        case "SOFTMAX":
            return lambda logits: tf.nn.softmax(logits / scale)
        case _:
            return lambda logits: logits / scale
