"""Which anchors of an image count: hard example mining (Liu et al. 2016) and random sampling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError
from cfgtool.training.targets.matchers import UNMATCHED
from cfgtool.training.targets.similarity import iou

if TYPE_CHECKING:
    from cfgtool.schema import Config


class HardExampleMiner:
    """Keeps the anchors of largest loss, without near-duplicates, and so many negatives per positive."""

    def __init__(
        self,
        num_hard_examples: int,
        iou_threshold: float,
        loss_type: str = "BOTH",
        *,
        max_negatives_per_positive: int = 0,
        min_negatives_per_image: int = 0,
        static: bool = False,
    ) -> None:
        """0 examples or 0 negatives per positive mean no limit; `loss_type` names what ranks the anchors.

        `static` does without the kernel for suppression, which XLA compiles to something else; slower without XLA.
        """
        self._examples = num_hard_examples
        self._iou_threshold = iou_threshold
        self._loss_type = loss_type
        self._ratio = max_negatives_per_positive
        self._least_negatives = min_negatives_per_image
        self._static = static

    def select(self, location_losses: Tensor, class_losses: Tensor, boxes: Tensor, match: Tensor) -> Tensor:
        """Float32 [batch, anchors], 1 where an anchor counts.

        Losses are [batch, anchors] (already weighted against each other), boxes [batch, anchors, 4] the
        decoded predictions, match int32 [batch, anchors] as the matcher gives it. No gradient flows through
        the choice.
        """
        if self._loss_type == "CLASSIFICATION":
            ranking = class_losses
        elif self._loss_type == "LOCALIZATION":
            ranking = location_losses
        else:
            ranking = class_losses + location_losses
        boxes, ranking = tf.stop_gradient(boxes), tf.stop_gradient(ranking)
        order = tf.argsort(ranking, axis=1, direction="DESCENDING", stable=True)
        boxes, ranking, match = (tf.gather(values, order, batch_dims=1) for values in (boxes, ranking, match))
        kept = self._by_loop(boxes) if self._static else self._by_kernel(boxes, ranking)
        if self._ratio:
            kept &= self._balanced(match, kept)
        return tf.cast(tf.gather(kept, tf.argsort(order, axis=1), batch_dims=1), tf.float32)

    def _limit(self, anchors: Tensor) -> Tensor:
        return tf.minimum(self._examples, anchors) if self._examples else anchors

    def _by_kernel(self, boxes: Tensor, ranking: Tensor) -> Tensor:
        """Which anchors, hardest first, are no near-duplicates of harder ones; bool [batch, anchors]."""
        anchors = tf.shape(ranking)[1]

        def of_image(image: tuple[Tensor, Tensor]) -> Tensor:
            chosen = tf.image.non_max_suppression(*image, self._limit(anchors), self._iou_threshold)
            return tf.scatter_nd(chosen[:, tf.newaxis], tf.ones_like(chosen, tf.bool), [anchors])

        signature = tf.TensorSpec(ranking.shape[1:], tf.bool)
        return tf.map_fn(of_image, (boxes, ranking), fn_output_signature=signature)

    def _by_loop(self, boxes: Tensor) -> Tensor:
        """The same by operations on whole batches, one anchor after the other."""
        first, second = boxes[..., :2], boxes[..., 2:]
        # The kernel takes corners in any order.
        boxes = tf.concat([tf.minimum(first, second), tf.maximum(first, second)], axis=-1)
        anchors = tf.shape(boxes)[1]
        limit = self._limit(anchors)

        def visit(step: Tensor, alive: Tensor, count: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            kept = alive[:, step] & (count < limit)
            overlap = iou(boxes[:, step, tf.newaxis], boxes)[:, 0]
            later = tf.range(anchors) > step
            dropped = later & kept[:, tf.newaxis] & (overlap > self._iou_threshold)
            dropped |= (tf.range(anchors) == step) & ~kept[:, tf.newaxis]
            return step + 1, alive & ~dropped, count + tf.cast(kept, tf.int32)

        start = (0, tf.ones_like(boxes[..., 0], tf.bool), tf.zeros_like(boxes[:, 0, 0], tf.int32))
        return tf.while_loop(lambda step, *_: step < anchors, visit, start)[1]

    def _balanced(self, match: Tensor, kept: Tensor) -> Tensor:
        """Which of those kept (hardest first) stay: positives, and all until the negatives are used up."""
        positive = match >= 0
        count = tf.reduce_sum(tf.cast(positive & kept, tf.int32), axis=1, keepdims=True)
        allowed = tf.maximum(self._least_negatives, self._ratio * count)
        seen = tf.cumsum(tf.cast((match == UNMATCHED) & kept, tf.int32), axis=1)
        # Ignored anchors stay too as long as negatives are left, as in the OD API.
        return positive | (seen <= allowed)


class RandomSampler:
    """Keeps every positive and as many random negatives as `positive_fraction` allows."""

    def __init__(self, positive_fraction: float) -> None:
        self._negatives_per_positive = (1.0 - positive_fraction) / positive_fraction

    def select(self, positive: Tensor, candidates: Tensor, seed: Tensor) -> Tensor:
        """Float32 [batch, anchors], 1 where an anchor counts.

        `positive` and `candidates` are bool [batch, anchors]; only candidates are chosen. `seed` is an int32 or
        int64 tensor of two numbers; the same seed gives the same choice.
        """
        negative = candidates & ~positive
        positive &= candidates
        wanted = self._negatives_per_positive * tf.reduce_sum(tf.cast(positive, tf.float32), axis=1)
        order = tf.random.stateless_uniform(tf.shape(positive), seed)
        # Everything else ranks behind the negatives.
        order = tf.where(negative, order, 2.0)
        rank = tf.argsort(tf.argsort(order, axis=1), axis=1)
        kept = negative & (rank < tf.cast(wanted, tf.int32)[:, tf.newaxis])
        return tf.cast(positive | kept, tf.float32)


def build_miner(config: Config, *, static: bool = False) -> HardExampleMiner:
    """The miner that a `HardExampleMiner` message describes; `static` as there."""
    return HardExampleMiner(
        config.integer("num_hard_examples"),
        config.number("iou_threshold"),
        config.enum("loss_type"),
        max_negatives_per_positive=config.integer("max_negatives_per_positive"),
        min_negatives_per_image=config.integer("min_negatives_per_image"),
        static=static,
    )


def build_sampler(config: Config) -> RandomSampler:
    """The sampler that a `RandomExampleSampler` message describes; UserError for a fraction outside 0..1."""
    fraction = config.number("positive_sample_fraction")
    if not 0.0 < fraction <= 1.0:
        raise UserError(
            f"'{config.path}.positive_sample_fraction' is '{fraction:g}'",
            hint="it must be above 0 and at most 1",
        )
    return RandomSampler(fraction)
