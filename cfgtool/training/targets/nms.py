"""Non-maximum suppression of a batch of detections."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError
from cfgtool.training.targets import boxes as geometry

if TYPE_CHECKING:
    from cfgtool.schema import Config

# Below every score; marks places without a detection.
NOTHING = -1e9


class Selection(NamedTuple):
    """The chosen detections of a batch, best first, zeros after the last.

    `boxes` [batch, n, 4], `scores` [batch, n], `classes` int32 [batch, n] from 0, `indices` int32 [batch, n]
    of the anchors, `count` int32 [batch].
    """

    boxes: Tensor
    scores: Tensor
    classes: Tensor
    indices: Tensor
    count: Tensor


class NonMaxSuppression:
    """Greedy suppression within each class, then the best of all classes.

    With `sigma` above 0 overlapping boxes lose score instead of being dropped (soft NMS, Bodla et al. 2017). With
    `class_agnostic` boxes of all classes suppress each other by their best scores, without a limit per class, and
    each of those that stay is found once for each of its `classes_per_box` best classes above the threshold. With
    `change_frame` boxes are expressed relative to the clip window. `keep_empty` keeps boxes that have no area in
    it, whatever their score.
    """

    def __init__(
        self,
        score_threshold: float = 0.0,
        iou_threshold: float = 0.6,
        max_per_class: int = 100,
        max_total: int = 100,
        *,
        sigma: float = 0.0,
        class_agnostic: bool = False,
        classes_per_box: int = 1,
        change_frame: bool = True,
        keep_empty: bool = False,
    ) -> None:
        self.score_threshold = score_threshold
        self.iou_threshold = iou_threshold
        self.max_per_class = max_per_class
        self.max_total = max_total
        self.sigma = sigma
        self.class_agnostic = class_agnostic
        self.classes_per_box = classes_per_box
        self.change_frame = change_frame
        self.keep_empty = keep_empty

    def select(self, boxes: Tensor, scores: Tensor, window: Tensor | None = None) -> Selection:
        """Choose among boxes [batch, anchors, 1 or classes, 4] with scores [batch, anchors, classes].

        `window` [batch, 4] clips the chosen boxes, after the suppression; those that have no area left, or a score
        below 0, are dropped.
        """
        # The order matters: boxes that clipping will drop suppress others and take places of their class.
        of_classes = scores
        if self.class_agnostic:
            scores = tf.reduce_max(scores, axis=2, keepdims=True)
        candidates = self._per_class(boxes, scores)
        if window is not None:
            candidates = self._clip(candidates, window)
        chosen = self._best(candidates)
        return self._with_classes(chosen, of_classes) if self.class_agnostic else chosen

    def _per_class(self, boxes: Tensor, scores: Tensor) -> Selection:
        """Suppression in each image and class; [batch, classes x limit] with gaps, `count` unset."""
        batch, anchors, classes = tf.shape(scores)[0], scores.shape[1], scores.shape[2]
        limit = self.max_total if self.class_agnostic else self.max_per_class
        limit = limit if anchors is None else min(limit, anchors)
        boxes = tf.transpose(boxes, [0, 2, 1, 3])
        scores = tf.transpose(scores, [0, 2, 1])

        def of_class(number: Tensor) -> tuple[Tensor, Tensor]:
            image, category = number // classes, number % classes
            own = boxes[image, category if boxes.shape[1] > 1 else 0]
            return self._suppress(own, scores[image, category], limit)

        signature = (tf.TensorSpec([limit], tf.int32), tf.TensorSpec([limit], tf.float32))
        # The kernel runs on the CPU only; moving its inputs once is cheaper than moving them class by class.
        with tf.device("/cpu:0"):
            indices, kept = tf.map_fn(
                of_class, tf.range(batch * classes), fn_output_signature=signature, parallel_iterations=16
            )
        indices = tf.reshape(indices, [batch, classes, limit])
        if boxes.shape[1] == 1:
            found = tf.gather(boxes[:, 0], tf.reshape(indices, [batch, classes * limit]), batch_dims=1)
        else:
            found = tf.reshape(tf.gather(boxes, indices, batch_dims=2), [batch, classes * limit, 4])
        labels = tf.repeat(tf.range(classes), limit)[tf.newaxis]
        return Selection(
            found,
            tf.reshape(kept, [batch, classes * limit]),
            tf.tile(labels, [batch, 1]),
            tf.reshape(indices, [batch, classes * limit]),
            tf.zeros([batch], tf.int32),
        )

    def _suppress(self, boxes: Tensor, scores: Tensor, limit: int) -> tuple[Tensor, Tensor]:
        """Indices and scores [limit] of the boxes [anchors, 4] that stay; NOTHING after the last."""
        indices, kept, count = tf.raw_ops.NonMaxSuppressionV5(
            boxes=boxes,
            scores=scores,
            max_output_size=limit,
            iou_threshold=self.iou_threshold,
            score_threshold=self.score_threshold,
            soft_nms_sigma=self.sigma,
            pad_to_max_output_size=True,
        )
        return indices, tf.where(tf.range(limit) < count, kept, NOTHING)

    def _clip(self, candidates: Selection, window: Tensor) -> Selection:
        boxes = geometry.clip(candidates.boxes, window)
        scores = candidates.scores
        if not self.keep_empty:
            # Dropped by score, so that the best of all classes move up.
            scores = tf.where((geometry.area(boxes) > 0.0) & (scores >= 0.0), scores, NOTHING)
        if self.change_frame:
            boxes = geometry.relative_to(boxes, window)
        return candidates._replace(boxes=boxes, scores=scores)

    def _best(self, candidates: Selection) -> Selection:
        """The best `max_total` of all classes; equal scores keep the order of classes, then of anchors."""
        width = candidates.scores.shape[1]
        scores, order = tf.math.top_k(candidates.scores, min(self.max_total, width))
        real = scores > NOTHING
        count = tf.reduce_sum(tf.cast(real, tf.int32), axis=1)
        missing = self.max_total - scores.shape[1]

        def take(values: Tensor) -> Tensor:
            values = tf.gather(values, order, batch_dims=1)
            extra = values.shape.rank - 2
            mask = real[..., tf.newaxis] if extra else real
            values = tf.where(mask, values, tf.zeros([], values.dtype))
            return tf.pad(values, [[0, 0], [0, missing], *[[0, 0]] * extra])

        return Selection(
            take(candidates.boxes),
            take(candidates.scores),
            take(candidates.classes),
            take(candidates.indices),
            count,
        )

    def _with_classes(self, chosen: Selection, scores: Tensor) -> Selection:
        """Boxes that were chosen by their best scores, with their classes; `scores` [batch, anchors, classes]."""
        real = (tf.range(self.max_total) < chosen.count[:, tf.newaxis])[..., tf.newaxis]
        own = tf.gather(scores, chosen.indices, batch_dims=1)
        labels = min(self.classes_per_box, scores.shape[2])
        values, classes = tf.math.top_k(own, labels)
        if labels == 1:
            return chosen._replace(classes=tf.where(real, classes, 0)[..., 0])
        values = tf.where(real & (values > self.score_threshold), values, NOTHING)
        batch, width = tf.shape(values)[0], self.max_total * labels
        return self._best(
            Selection(
                tf.repeat(chosen.boxes, labels, axis=1),
                tf.reshape(values, [batch, width]),
                tf.reshape(classes, [batch, width]),
                tf.repeat(chosen.indices, labels, axis=1),
                chosen.count,
            )
        )


def build_nms(config: Config) -> NonMaxSuppression:
    """The suppression that a `BatchNonMaxSuppression` message describes; UserError for values that cannot be.

    `use_static_shapes`, `use_partitioned_nms`, `use_hard_nms` and `use_cpu_nms` choose among implementations with
    the same result. `use_combined_nms` chooses one that keeps boxes without area. `max_classes_per_detection` has a
    meaning with `use_class_agnostic_nms` only.
    """
    iou_threshold, sigma = config.number("iou_threshold"), config.number("soft_nms_sigma")
    per_class, total = config.integer("max_detections_per_class"), config.integer("max_total_detections")
    if not 0.0 <= iou_threshold <= 1.0:
        raise UserError(f"'{config.path}.iou_threshold' is '{iou_threshold:g}'", hint="it must lie in 0..1")
    if not 0 < per_class <= total:
        raise UserError(
            f"'{config.path}.max_detections_per_class' is '{per_class}'",
            hint=f"it must be above 0 and at most max_total_detections '{total}'",
        )
    agnostic = config.flag("use_class_agnostic_nms")
    labels = max(config.integer("max_classes_per_detection"), 1) if agnostic else 1
    _check_soft(config, sigma, agnostic, labels)
    combined = config.flag("use_combined_nms")
    if combined:
        _check_combined(config)
    return NonMaxSuppression(
        config.number("score_threshold"),
        iou_threshold,
        per_class,
        total,
        sigma=sigma,
        class_agnostic=agnostic,
        classes_per_box=labels,
        change_frame=config.flag("change_coordinate_frame"),
        keep_empty=combined,
    )


def _check_soft(config: Config, sigma: float, agnostic: bool, labels: int) -> None:
    if sigma < 0.0:
        raise UserError(f"'{config.path}.soft_nms_sigma' is '{sigma:g}'", hint="0 switches soft NMS off")
    if sigma == 0.0:
        return
    if config.flag("use_hard_nms") and not agnostic:
        raise UserError(
            f"'{config.path}.use_hard_nms' switches off soft_nms_sigma '{sigma:g}'", hint="drop one"
        )
    if config.flag("use_static_shapes"):
        raise UserError(
            f"'{config.path}.use_static_shapes' rules out soft_nms_sigma '{sigma:g}'", hint="drop one"
        )
    if labels > 1:
        raise UserError(
            f"'{config.path}.max_classes_per_detection' is '{labels}', but soft_nms_sigma '{sigma:g}' lowers the "
            "score of the best class only",
            hint="drop one",
        )


def _check_combined(config: Config) -> None:
    for name, neutral in (
        ("change_coordinate_frame", "false"),
        ("use_class_agnostic_nms", "false"),
        ("soft_nms_sigma", "0"),
    ):
        if config.value(name):
            raise UserError(
                f"'{config.path}.use_combined_nms' cannot be combined with '{name}'",
                hint=f"set {name}: {neutral}, or drop use_combined_nms",
            )
