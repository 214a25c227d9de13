"""Training targets of a batch: what each anchor should predict, and how much that counts."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training.targets.box_coders import BoxCoder, KeypointCoder
from cfgtool.training.targets.confidences import confidence_targets
from cfgtool.training.targets.matchers import UNMATCHED, Matcher
from cfgtool.training.targets.similarity import Similarity

NO_SLOT = -1


class Groundtruth(NamedTuple):
    """The boxes of a batch, padded to one count per image.

    `boxes` [batch, n, 4] float32 as ymin, xmin, ymax, xmax in the unit of the anchors; `classes` [batch, n]
    int32 from 0, -1 in the padding; `weights` [batch, n] float32; `num_boxes` [batch] int32, how many rows of
    an image are real. Where the config asks for them: `class_targets` and `confidences` [batch, n, classes] float32,
    `keypoints` [batch, n, keypoints, 2] float32 as y, x in the unit of the boxes, NaN where absent.
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


class Slots(NamedTuple):
    """What the class outputs of an anchor stand for.

    `total` is their number; `first` is the output of class 0 of `Groundtruth.classes`. With `background` output 0
    is the background's: implied, or with `labelled` the first column of `class_targets`. `unmatched` is the output
    that should be 1 for negatives, -1 for none.
    """

    total: int
    first: int = 0
    background: bool = False
    labelled: bool = False
    unmatched: int = NO_SLOT


class Targets(NamedTuple):
    """What each anchor should predict; `match`, `slots` and `box_weights` are [batch, anchors].

    `match` int32: groundtruth row, -1 negative, -2 ignored. `slots` int32: the output slot that should be 1,
    -1 for none. `class_targets` float32 [batch, anchors, slots] instead, where the groundtruth has more to say
    than one class per box. `class_weights` float32 [batch, anchors], with confidences [batch, anchors, slots].
    `box_weights` float32. `codes` [batch, anchors, code_size]: 0 where not matched.
    """

    match: Tensor
    slots: Tensor
    class_weights: Tensor
    codes: Tensor
    box_weights: Tensor
    class_targets: Tensor | None = None


class TargetAssigner:
    """Matches anchors with groundtruth and encodes the result, for a whole batch at once.

    Class indices are kept instead of one-hot rows where they say it all, so that nothing of size [anchors, classes]
    is made.
    """

    def __init__(
        self,
        similarity: Similarity,
        matcher: Matcher,
        coder: BoxCoder,
        slots: Slots,
        *,
        negative_weight: float = 1.0,
        implicit_weight: float | None = None,
        scored: bool = False,
        trim_padding: bool = True,
    ) -> None:
        """`implicit_weight`, where it is given, makes targets of the confidences (see `confidence_targets`).

        `scored` multiplies the similarity of a box by the chance that it is no background, where that is known.
        `trim_padding` drops columns that are padding in the whole batch; it costs the static shapes that XLA
        needs.
        """
        self._similarity = similarity
        self._matcher = matcher
        self._coder = coder
        self._slots = slots
        self._negative_weight = negative_weight
        self._implicit_weight = implicit_weight
        self._scored = scored
        self._trim_padding = trim_padding

    def assign(self, anchors: Tensor, groundtruth: Groundtruth) -> Targets:
        """Targets of anchors [anchors, 4]. Boxes of weight 0 count nothing and claim no anchor by force.

        Raises ValueError if the groundtruth lacks confidences or keypoints that the config asks for.
        """
        if self._trim_padding:
            groundtruth = groundtruth.trimmed()
        match = self.match(anchors, groundtruth)
        matched = match >= 0
        # Anchors without a match read row 0; what they get there is overwritten below.
        rows = tf.maximum(match, 0)
        boxes, classes, weights = _gather(groundtruth, rows)
        in_range = (classes >= 0) & (classes < self._slots.total - self._slots.first)
        slots = tf.where(in_range, classes + self._slots.first, NO_SLOT)
        codes = self._encode(boxes, anchors, groundtruth, rows)
        box_weights = tf.where(matched, weights, 0.0)
        targets = Targets(
            match=match,
            slots=tf.where(matched, slots, self._slots.unmatched),
            class_weights=tf.where(match == UNMATCHED, self._negative_weight, box_weights),
            codes=tf.where(matched[:, :, tf.newaxis], codes, 0.0),
            box_weights=box_weights,
        )
        if self._implicit_weight is not None:
            return self._by_confidence(targets, groundtruth, self._implicit_weight)
        if groundtruth.class_targets is not None:
            return targets._replace(class_targets=self._dense(targets, groundtruth.class_targets))
        return targets

    def match(self, anchors: Tensor, groundtruth: Groundtruth) -> Tensor:
        """Groundtruth row of each anchor, int32 [batch, anchors]: -1 negative, -2 ignored."""
        rows = tf.range(tf.shape(groundtruth.boxes)[1])
        present = rows < groundtruth.num_boxes[:, tf.newaxis]
        similarity = self._similarity(groundtruth.boxes, anchors)
        if self._scored and self._slots.labelled and groundtruth.class_targets is not None:
            similarity *= 1.0 - groundtruth.class_targets[:, :, :1]
        return self._matcher.match(similarity, present, present & (groundtruth.weights > 0.0))

    def positive(self, targets: Targets) -> Tensor:
        """Chance that an anchor should predict any class but the background, float32 [batch, anchors]."""
        first = int(self._slots.background)
        if targets.class_targets is None:
            return tf.cast(targets.slots >= first, tf.float32)
        return tf.minimum(tf.reduce_sum(targets.class_targets[..., first:], axis=-1), 1.0)

    def negative(self, targets: Targets) -> Tensor:
        """Class targets of anchors without a match, float32 [batch, anchors, slots]."""
        shape = tf.concat([tf.shape(targets.match), [self._slots.total]], axis=0)
        return tf.broadcast_to(self._nothing(), shape)

    def _nothing(self) -> Tensor:
        return tf.one_hot(self._slots.unmatched, self._slots.total)

    def _encode(self, boxes: Tensor, anchors: Tensor, groundtruth: Groundtruth, rows: Tensor) -> Tensor:
        codes = self._coder.encode(boxes, anchors)
        if not isinstance(self._coder, KeypointCoder):
            return codes
        if groundtruth.keypoints is None:
            raise ValueError("the box coder codes keypoints, the groundtruth has none")
        keypoints = tf.gather(groundtruth.keypoints, rows, batch_dims=1)
        return tf.concat([codes, self._coder.encode_keypoints(keypoints, anchors)], axis=-1)

    def _dense(self, targets: Targets, rows: Tensor) -> Tensor:
        """Class targets [batch, anchors, slots] from those of the boxes [batch, n, classes]."""
        found = tf.gather(rows, tf.maximum(targets.match, 0), batch_dims=1)
        if not self._slots.labelled:
            found = tf.pad(found, [[0, 0], [0, 0], [self._slots.first, 0]])
        return tf.where(targets.match[..., tf.newaxis] >= 0, found, self._nothing())

    def _by_confidence(self, targets: Targets, groundtruth: Groundtruth, implicit_weight: float) -> Targets:
        # As in the OD API, neither the weights of boxes nor that of negatives count in this mode.
        if groundtruth.confidences is None:
            raise ValueError("the targets are made of confidences, the groundtruth has none")
        found = tf.gather(groundtruth.confidences, tf.maximum(targets.match, 0), batch_dims=1)
        found = tf.where(targets.match[..., tf.newaxis] >= 0, found, 0.0)
        classes, weights, positive = confidence_targets(
            found, implicit_weight, background=self._slots.background
        )
        return targets._replace(
            slots=tf.fill(tf.shape(targets.slots), NO_SLOT),
            class_targets=classes,
            class_weights=weights,
            codes=tf.where(positive[..., tf.newaxis], targets.codes, 0.0),
            box_weights=tf.cast(positive, tf.float32),
        )


def _gather(groundtruth: Groundtruth, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Boxes, classes and weights of the rows [batch, anchors], by one gather of one small table."""
    classes = tf.cast(groundtruth.classes, tf.float32)
    extra = tf.stack([classes, groundtruth.weights], axis=-1)
    table = tf.gather(tf.concat([groundtruth.boxes, extra], axis=-1), rows, batch_dims=1)
    return table[..., :4], tf.cast(table[..., 4], tf.int32), table[..., 5]
