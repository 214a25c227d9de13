"""Training targets of a batch: what each anchor should predict, and how much that counts."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.targets.box_coders import BoxCoder
from cfgtool.training.targets.matchers import UNMATCHED, ArgmaxMatcher
from cfgtool.training.targets.similarity import Similarity

NO_SLOT = -1


class Groundtruth(NamedTuple):
    """The boxes of a batch, padded to one count per image.

    `boxes` [batch, n, 4] float32 as ymin, xmin, ymax, xmax in the unit of the anchors; `classes` [batch, n]
    int32 from 0, -1 in the padding; `weights` [batch, n] float32; `num_boxes` [batch] int32, how many rows of
    an image are real. Where the config asks for them: `class_targets` and `confidences` [batch, n, classes] float32,
    `keypoints` [batch, n, keypoints, 2] float32 as y, x in the unit of the boxes.
    """

    boxes: Tensor
    classes: Tensor
    weights: Tensor
    num_boxes: Tensor
    class_targets: Tensor | None = None
    confidences: Tensor | None = None
    keypoints: Tensor | None = None

    def trimmed(self) -> Groundtruth:
        """The same without the columns that are padding in every image; at least one column stays."""
        # Reductions over an empty axis are errors.
        most = tf.maximum(tf.reduce_max(self.num_boxes), 1)
        columns = (None if value is None else value[:, :most] for value in self._replace(num_boxes=None))
        return Groundtruth(*columns)._replace(num_boxes=self.num_boxes)


class Targets(NamedTuple):
    """What each anchor should predict; all but `codes` are [batch, anchors].

    `match` int32: groundtruth row, -1 negative, -2 ignored. `slots` int32: the output slot that should be 1,
    -1 for none. `class_weights`, `box_weights` float32. `codes` [batch, anchors, code_size]: 0 where not
    matched.
    """

    match: Tensor
    slots: Tensor
    class_weights: Tensor
    codes: Tensor
    box_weights: Tensor


class TargetAssigner:
    """Matches anchors with groundtruth and encodes the result, for a whole batch at once.

    Class indices are kept instead of one-hot rows, so that nothing of size [anchors, classes] is made.
    """

    def __init__(
        self,
        similarity: Similarity,
        matcher: ArgmaxMatcher,
        coder: BoxCoder,
        num_classes: int,
        *,
        first_slot: int = 0,
        unmatched_slot: int = NO_SLOT,
        negative_weight: float = 1.0,
        trim_padding: bool = True,
    ) -> None:
        """`first_slot` is the output slot of class 0, `unmatched_slot` that of negatives (-1: none).

        `trim_padding` drops columns that are padding in the whole batch; it costs the static shapes that XLA
        needs.
        """
        self._similarity = similarity
        self._matcher = matcher
        self._coder = coder
        self._num_classes = num_classes
        self._first_slot = first_slot
        self._unmatched_slot = unmatched_slot
        self._negative_weight = negative_weight
        self._trim_padding = trim_padding

    def assign(self, anchors: Tensor, groundtruth: Groundtruth) -> Targets:
        """Targets of anchors [anchors, 4]. Boxes of weight 0 count nothing and claim no anchor by force."""
        if self._trim_padding:
            groundtruth = groundtruth.trimmed()
        match = self.match(anchors, groundtruth)
        matched = match >= 0
        # Anchors without a match read row 0; what they get there is overwritten below.
        boxes, classes, weights = _gather(groundtruth, tf.maximum(match, 0))
        in_range = (classes >= 0) & (classes < self._num_classes)
        slots = tf.where(in_range, classes + self._first_slot, NO_SLOT)
        codes = self._coder.encode(boxes, anchors)
        box_weights = tf.where(matched, weights, 0.0)
        return Targets(
            match=match,
            slots=tf.where(matched, slots, self._unmatched_slot),
            class_weights=tf.where(match == UNMATCHED, self._negative_weight, box_weights),
            codes=tf.where(matched[:, :, tf.newaxis], codes, 0.0),
            box_weights=box_weights,
        )

    def match(self, anchors: Tensor, groundtruth: Groundtruth) -> Tensor:
        """Groundtruth row of each anchor, int32 [batch, anchors]: -1 negative, -2 ignored."""
        rows = tf.range(tf.shape(groundtruth.boxes)[1])
        present = rows < groundtruth.num_boxes[:, tf.newaxis]
        similarity = self._similarity(groundtruth.boxes, anchors)
        return self._matcher.match(similarity, present, present & (groundtruth.weights > 0.0))


def _gather(groundtruth: Groundtruth, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Boxes, classes and weights of the rows [batch, anchors], by one gather of one small table."""
    classes = tf.cast(groundtruth.classes, tf.float32)
    extra = tf.stack([classes, groundtruth.weights], axis=-1)
    table = tf.gather(tf.concat([groundtruth.boxes, extra], axis=-1), rows, batch_dims=1)
    return table[..., :4], tf.cast(table[..., 4], tf.int32), table[..., 5]
