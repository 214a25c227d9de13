"""Pairing anchors with groundtruth boxes, for a whole batch at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.schema import Config

UNMATCHED = -1
IGNORED = -2


class Matcher(Protocol):
    """A rule that pairs anchors with boxes."""

    def match(self, similarity: Tensor, present: Tensor, forcible: Tensor | None = None) -> Tensor:
        """Match similarities [batch, boxes, anchors]: index of the box, -1 for negative, -2 for ignored.

        `present` [batch, boxes] is false for padding; `forcible` [batch, boxes] (default: `present`) is false for
        boxes that may not claim an anchor. Returns int32 [batch, anchors].
        """


class ArgmaxMatcher:
    """Every anchor takes the most similar box, if it is similar enough.

    At or above `matched` an anchor is matched, below `unmatched` it is negative, between the two it is
    ignored (the last two swapped unless `negatives_lower`). `force` gives every box its most similar anchor,
    whatever the thresholds; of two boxes that want the same anchor the first has it. `matched=None` means no
    thresholds.
    """

    def __init__(
        self,
        matched: float | None = 0.5,
        unmatched: float | None = None,
        *,
        force: bool = False,
        negatives_lower: bool = True,
    ) -> None:
        self.matched = matched
        self.unmatched = matched if unmatched is None else unmatched
        self.force = force
        self.below, self.between = (UNMATCHED, IGNORED) if negatives_lower else (IGNORED, UNMATCHED)

    def match(self, similarity: Tensor, present: Tensor, forcible: Tensor | None = None) -> Tensor:
        """Match similarities [batch, boxes, anchors]: index of the box, -1 for negative, -2 for ignored.

        `present` [batch, boxes] is false for padding; `forcible` [batch, boxes] (default: `present`) says
        which boxes claim an anchor under `force`. Returns int32 [batch, anchors]; images without boxes have
        negatives only.
        """
        if similarity.shape[1] == 0:
            return tf.fill(tf.gather(tf.shape(similarity), [0, 2]), UNMATCHED)
        # Padding rows are all zeros, which negative similarities or absent thresholds would let win.
        similarity = tf.where(present[:, :, tf.newaxis], similarity, similarity.dtype.min)
        result = tf.argmax(similarity, axis=1, output_type=tf.int32)
        if self.matched is not None:
            best = tf.reduce_max(similarity, axis=1)
            result = tf.where(best >= self.matched, result, self.between)
            result = tf.where(best < self.unmatched, self.below, result)
        if self.force:
            result = self._force(similarity, result, present if forcible is None else forcible)
        # Without thresholds or with zeros above them, images without boxes would match row 0.
        return tf.where(tf.reduce_any(present, axis=1, keepdims=True), result, UNMATCHED)

    def _force(self, similarity: Tensor, result: Tensor, forcible: Tensor) -> Tensor:
        batch, boxes, anchors = tf.unstack(tf.shape(similarity))
        wanted = tf.argmax(similarity, axis=2, output_type=tf.int32)
        # Rows of the flat result; boxes that claim nothing write to one spare cell behind it. The boxes are
        # few, so a scatter of their indices replaces a [boxes, anchors] table; the minimum lets the first box
        # win.
        cells = tf.range(batch)[:, tf.newaxis] * anchors + wanted
        cells = tf.reshape(tf.where(forcible, cells, batch * anchors), [-1, 1])
        claims = tf.tile(tf.range(boxes), [batch])
        nobody = tf.fill([batch * anchors + 1], boxes)
        claimed = tf.tensor_scatter_nd_min(nobody, cells, claims)[:-1]
        claimed = tf.reshape(claimed, [batch, anchors])
        return tf.where(claimed < boxes, claimed, result)


class BipartiteMatcher:
    """Every box gets one anchor, every anchor at most one box; all other anchors are negative.

    Greedy: the most similar pair of all is joined, then the most similar of what is left, and so on, however small
    the similarity. Of equal pairs the one of the first box, then of the first anchor goes first.
    """

    def match(self, similarity: Tensor, present: Tensor, forcible: Tensor | None = None) -> Tensor:
        """See `Matcher.match`; boxes that are not `forcible` get no anchor."""
        free = present if forcible is None else forcible
        nothing = similarity.dtype.min
        similarity = tf.where(free[:, :, tf.newaxis], similarity, nothing)
        batch, boxes, anchors = tf.unstack(tf.shape(similarity))

        def join(step: Tensor, left: Tensor, result: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            flat = tf.reshape(left, [batch, boxes * anchors])
            best = tf.argmax(flat, axis=1, output_type=tf.int32)
            found = tf.gather(flat, best, batch_dims=1) > nothing
            row, column = best // anchors, best % anchors
            of_column = found[:, tf.newaxis] & (tf.range(anchors) == column[:, tf.newaxis])
            of_row = tf.range(boxes) == row[:, tf.newaxis]
            used = of_column[:, tf.newaxis, :] | of_row[:, :, tf.newaxis]
            left = tf.ensure_shape(tf.where(used, nothing, left), similarity.shape)
            result = tf.where(of_column, row[:, tf.newaxis], result)
            return step + 1, left, tf.ensure_shape(result, unmatched.shape)

        unmatched = tf.fill([batch, anchors], UNMATCHED)
        unmatched.set_shape([similarity.shape[0], similarity.shape[2]])
        steps = tf.minimum(boxes, anchors)
        return tf.while_loop(lambda step, *_: step < steps, join, (0, similarity, unmatched))[2]


def build_matcher(config: Config) -> Matcher:
    """The matcher that a `Matcher` message describes; UserError for none and wrong thresholds.

    `use_matmul_gather` chooses among implementations with the same result and is not looked at.
    """
    kind = config.which("matcher_oneof")
    if kind is None:
        raise UserError(
            f"'{config.path}' chooses no matcher", hint="use argmax_matcher with force_match_for_each_row"
        )
    if kind == "bipartite_matcher":
        return BipartiteMatcher()
    argmax = config.message("argmax_matcher")
    matched, unmatched = argmax.number("matched_threshold"), argmax.number("unmatched_threshold")
    lower = argmax.flag("negatives_lower_than_unmatched")
    if argmax.flag("ignore_thresholds"):
        return ArgmaxMatcher(None, force=argmax.flag("force_match_for_each_row"))
    if unmatched > matched:
        raise UserError(
            f"'{argmax.path}.unmatched_threshold' is '{unmatched:g}', above matched_threshold '{matched:g}'"
        )
    if unmatched == matched and not lower:
        raise UserError(
            f"'{argmax.path}.negatives_lower_than_unmatched' is false, but both thresholds are '{matched:g}'",
            hint="no anchor would be negative",
        )
    return ArgmaxMatcher(
        matched, unmatched, force=argmax.flag("force_match_for_each_row"), negatives_lower=lower
    )
