"""The two losses of SSD: sampled, mined, normalised and weighted as the config says."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.training import replicas
from cfgtool.training.targets.anchors import Anchors
from cfgtool.training.targets.assigner import TargetAssigner, Targets
from cfgtool.training.targets.box_coders import BoxCoder
from cfgtool.training.targets.expected import ExpectedWeights, build_expected_weights
from cfgtool.training.targets.localization import build_localization_loss
from cfgtool.training.targets.losses import build_classification_loss
from cfgtool.training.targets.mining import HardExampleMiner, build_miner, build_sampler

if TYPE_CHECKING:
    from cfgtool.schema import Config


class _Losses(NamedTuple):
    """Weighted losses: `boxes` [batch, anchors], `classes` [batch, anchors] or of any shape to be summed."""

    boxes: Tensor
    classes: Tensor


class SsdLoss:
    """Losses of raw predictions against targets.

    Sampling acts first; then anchors are weighed by expectation, or mined, or all taken; then the normaliser acts.
    """

    def __init__(
        self, config: Config, coder: BoxCoder, anchors: Anchors, assigner: TargetAssigner, *, static: bool
    ) -> None:
        """`config` is the `Ssd` message; `static` keeps to what XLA can compile."""
        loss = config.message("loss")
        self._anchors = anchors
        self._coder = coder
        self._assigner = assigner
        self._class_loss = build_classification_loss(loss.message("classification_loss"))
        self._box_loss = build_localization_loss(loss.message("localization_loss"))
        self._class_weight = loss.number("classification_weight")
        self._box_weight = loss.number("localization_weight")
        sampler, miner = "random_example_sampler", "hard_example_miner"
        self._sampler = build_sampler(loss.message(sampler)) if loss.has(sampler) else None
        self._miner = build_miner(loss.message(miner), static=static) if loss.has(miner) else None
        self._expected = build_expected_weights(loss)
        self._by_matches = config.flag("normalize_loss_by_num_matches")
        self._code_size = coder.code_size if config.flag("normalize_loc_loss_by_codesize") else 1

    def of(self, codes: Tensor, logits: Tensor, targets: Targets, seed: Tensor | None) -> dict[str, Tensor]:
        """Scalars `localization_loss` and `classification_loss`, of several replicas each its share.

        `codes` [batch, anchors, code_size] and `logits` [batch, anchors, slots] are the predictions; `seed`,
        two integers, is what the sampler depends on.
        """
        codes, logits = tf.cast(codes, tf.float32), tf.cast(logits, tf.float32)
        targets = self._sample(targets, seed)
        boxes = self._box_losses(codes, targets)
        if self._expected is not None:
            losses = self._weighed(self._expected, boxes, logits, targets)
        else:
            losses = _Losses(boxes, self._class_losses(logits, targets))
            if self._miner is not None:
                losses = self._mined(self._miner, losses, codes, targets)
        # Summed over all matched anchors, mined or not.
        normalizer = replicas.at_least_one(tf.reduce_sum(targets.box_weights)) if self._by_matches else 1.0
        return {
            "localization_loss": tf.reduce_sum(losses.boxes)
            * self._box_weight
            / (normalizer * self._code_size),
            "classification_loss": tf.reduce_sum(losses.classes) * self._class_weight / normalizer,
        }

    def _sample(self, targets: Targets, seed: Tensor | None) -> Targets:
        if self._sampler is None:
            return targets
        positive = self._assigner.positive(targets) != 0.0
        chosen = self._sampler.select(positive, _candidates(targets), [0, 0] if seed is None else seed)
        weights = targets.class_weights
        return targets._replace(
            class_weights=weights * (chosen if weights.shape.rank == 2 else chosen[..., tf.newaxis]),
            box_weights=targets.box_weights * chosen,
        )

    def _box_losses(self, codes: Tensor, targets: Targets) -> Tensor:
        """Weighted loss [batch, anchors]; overlaps are those of the decoded boxes."""
        target = targets.codes
        # The OD API feeds codes to the overlap losses, which then say nothing (IoU) or turn to NaN (GIoU).
        if self._box_loss.of_boxes:
            anchors = tf.constant(self._anchors)
            codes, target = self._coder.decode(codes, anchors), self._coder.decode(target, anchors)
        return self._box_loss.per_anchor(codes, target, targets.box_weights)

    def _class_losses(self, logits: Tensor, targets: Targets) -> Tensor:
        if targets.class_targets is None:
            return self._class_loss.per_anchor(logits, targets.slots, targets.class_weights)
        return self._class_loss.dense(logits, targets.class_targets, targets.class_weights)

    def _mined(self, miner: HardExampleMiner, losses: _Losses, codes: Tensor, targets: Targets) -> _Losses:
        boxes = self._coder.decode(codes, tf.constant(self._anchors))
        chosen = miner.select(
            self._box_weight * losses.boxes, self._class_weight * losses.classes, boxes, targets.match
        )
        return _Losses(losses.boxes * chosen, losses.classes * chosen)

    def _weighed(self, expected: ExpectedWeights, boxes: Tensor, logits: Tensor, targets: Targets) -> _Losses:
        """Losses by the chance to be sampled: of anchors, or of each output where slots do not compete."""
        classes = targets.class_targets
        if classes is None:
            classes = tf.one_hot(targets.slots, logits.shape[-1])
        loss = self._class_loss.elementwise(logits, classes)
        weights, candidates = targets.class_weights, _candidates(targets)
        positive = self._assigner.positive(targets)
        if loss.shape.rank < logits.shape.rank:
            other = self._class_loss.elementwise(logits, self._assigner.negative(targets))
            weights = weights if weights.shape.rank == 2 else tf.reduce_mean(weights, axis=-1)
            as_positive, as_negative = expected.of(positive, candidates)
        else:
            other = self._class_loss.elementwise(logits, tf.zeros_like(classes))
            weights = weights[..., tf.newaxis] if weights.shape.rank == 2 else weights
            as_positive, as_negative = _of_outputs(expected, classes, candidates)
        return _Losses(boxes * positive, weights * (as_positive * loss + as_negative * other))


def _of_outputs(expected: ExpectedWeights, classes: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor]:
    """The weights of all outputs [batch, anchors, slots], each of which is sampled for itself."""
    shape = tf.shape(classes)
    flat = [shape[0], shape[1] * shape[2]]
    candidates = tf.reshape(tf.broadcast_to(candidates[..., tf.newaxis], shape), flat)
    positive, negative = expected.of(tf.reshape(classes, flat), candidates)
    return tf.reshape(positive, shape), tf.reshape(negative, shape)


def _candidates(targets: Targets) -> Tensor:
    """Which anchors count at all, bool [batch, anchors]."""
    weights = targets.class_weights
    return (weights if weights.shape.rank == 2 else tf.reduce_mean(weights, axis=-1)) != 0.0
