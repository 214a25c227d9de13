"""Classification losses, on logits.

Each loss has three forms: `elementwise`, the definition; `per_anchor`, what training uses where every anchor has
one class: targets given as one slot, summed over the slots, with nothing of size [anchors, slots] made that can be
avoided; and `dense`, the same for targets of any other kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.schema import Config

_CLIP = 1e-4


class ClassificationLoss(ABC):
    """A loss between logits and class targets.

    `of_anchors` is false where anchors have no loss of their own: `per_anchor` and `dense` then return [batch, slots].
    """

    of_anchors = True

    @abstractmethod
    def elementwise(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss of logits and targets (0..1) [..., slots]: [..., slots], or [...] where slots compete."""

    def per_anchor(self, logits: Tensor, slots: Tensor, weights: Tensor) -> Tensor:
        """Loss [batch, anchors] of logits [batch, anchors, slots], summed over the slots and weighted.

        `slots` [batch, anchors] int32 is the slot whose target is 1, -1 for none; `weights` are [batch,
        anchors].
        """
        return self.dense(logits, tf.one_hot(slots, logits.shape[-1]), weights)

    def dense(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Loss [batch, anchors] of logits and targets [batch, anchors, slots], summed over the slots and weighted.

        `weights` are [batch, anchors], or [batch, anchors, slots]; where slots compete their mean counts.
        """
        # Half precision predictions would lose the small losses of the many easy negatives in the sum.
        loss = self.elementwise(tf.cast(logits, tf.float32), targets)
        by_slot = weights.shape.rank == logits.shape.rank
        if loss.shape.rank < logits.shape.rank:
            return (tf.reduce_mean(weights, axis=-1) if by_slot else weights) * loss
        return tf.reduce_sum(weights * loss, axis=-1) if by_slot else weights * tf.reduce_sum(loss, axis=-1)


class SigmoidFocal(ClassificationLoss):
    """Sigmoid cross entropy times `(1 - p_t)^gamma` and a class balance (Lin et al. 2017).

    `alpha` weighs positives, `1 - alpha` negatives; None weighs both 1. `gamma` 0 and `alpha` None give the
    plain sigmoid cross entropy.
    """

    def __init__(self, gamma: float = 0.0, alpha: float | None = None) -> None:
        self.gamma = gamma
        self.positive, self.negative = (1.0, 1.0) if alpha is None else (alpha, 1.0 - alpha)

    def elementwise(self, logits: Tensor, targets: Tensor) -> Tensor:
        """[..., slots]; targets between 0 and 1 mix both sides in each of the three factors."""
        p = tf.sigmoid(logits)
        p_target = targets * p + (1.0 - targets) * (1.0 - p)
        balance = targets * self.positive + (1.0 - targets) * self.negative
        entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits)
        return balance * _power(1.0 - p_target, self.gamma) * entropy

    def per_anchor(self, logits: Tensor, slots: Tensor, weights: Tensor) -> Tensor:
        """As in the base class; with a gradient of its own, since almost every target is 0."""
        logits = tf.cast(logits, tf.float32)
        count = logits.shape[-1]
        loss = self._of_rows(tf.reshape(logits, [-1, count]), tf.reshape(slots, [-1]))
        return weights * tf.reshape(loss, tf.shape(slots))

    def _side(self, p: Tensor, entropy: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and, up to sign, its derivative by the logit; `p` is the probability of the wrong answer."""
        if self.gamma == 0.0:
            return entropy, p
        factor = _power(p, self.gamma)
        return factor * entropy, factor * (self.gamma * (1.0 - p) * entropy + p)

    def _of_rows(self, logits: Tensor, slots: Tensor) -> Tensor:
        """Loss [rows] of logits [rows, slots]: all as negatives, then the difference at the one positive."""
        # 64 bits: large pyramids with many classes and images have more than 2^31 logits.
        rows = tf.range(tf.size(slots, tf.int64)) * logits.shape[-1]
        cells = rows + tf.cast(tf.maximum(slots, 0), tf.int64)
        positive = slots >= 0

        def at_cells(values: Tensor) -> Tensor:
            return tf.gather(tf.reshape(values, [-1]), cells)

        @tf.custom_gradient
        def loss_of(x: Tensor) -> tuple[Tensor, Any]:
            negative_loss, negative_slope = self._side(tf.sigmoid(x), tf.math.softplus(x))
            x_cell = at_cells(x)
            positive_loss, positive_slope = self._side(tf.sigmoid(-x_cell), tf.math.softplus(-x_cell))
            difference = self.positive * positive_loss - self.negative * at_cells(negative_loss)
            loss = self.negative * tf.reduce_sum(negative_loss, axis=-1) + tf.where(positive, difference, 0.0)

            # Kept from the forward pass, so that nothing of size [rows, slots] is computed twice.
            def gradient(upstream: Tensor) -> Tensor:
                slope = negative_slope * (self.negative * upstream)[:, tf.newaxis]
                change = -self.positive * upstream * positive_slope - at_cells(slope)
                change = tf.where(positive, change, 0.0)
                flat = tf.reshape(slope, [-1])
                return tf.reshape(tf.tensor_scatter_nd_add(flat, cells[:, tf.newaxis], change), tf.shape(x))

            return loss, gradient

        return loss_of(logits)


class Softmax(ClassificationLoss):
    """Softmax cross entropy of logits divided by `logit_scale`; one number per anchor."""

    def __init__(self, logit_scale: float = 1.0) -> None:
        self.logit_scale = logit_scale

    def elementwise(self, logits: Tensor, targets: Tensor) -> Tensor:
        """[...]: the slots compete."""
        return tf.nn.softmax_cross_entropy_with_logits(labels=targets, logits=logits / self.logit_scale)

    def per_anchor(self, logits: Tensor, slots: Tensor, weights: Tensor) -> Tensor:
        """As in the base class; anchors without a slot have no loss."""
        logits = tf.cast(logits, tf.float32) / self.logit_scale
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.maximum(slots, 0), logits=logits)
        return weights * tf.where(slots >= 0, loss, 0.0)


class SoftmaxAgainstLogits(Softmax):
    """Softmax cross entropy against a teacher's logits, both sides divided by `logit_scale`."""

    def elementwise(self, logits: Tensor, targets: Tensor) -> Tensor:
        """[...]: the slots compete."""
        return super().elementwise(logits, tf.nn.softmax(targets / self.logit_scale))

    def per_anchor(self, logits: Tensor, slots: Tensor, weights: Tensor) -> Tensor:
        """As in the base class, by one-hot targets."""
        return ClassificationLoss.per_anchor(self, logits, slots, weights)


class BootstrappedSigmoid(ClassificationLoss):
    """Sigmoid cross entropy against `alpha x target + (1 - alpha) x prediction` (Reed et al. 2014).

    The prediction is the probability, or 0 or 1 when `hard`.
    """

    def __init__(self, alpha: float, *, hard: bool = False) -> None:
        self.alpha = alpha
        self.hard = hard

    def elementwise(self, logits: Tensor, targets: Tensor) -> Tensor:
        """[..., slots]."""
        prediction = tf.sigmoid(logits)
        if self.hard:
            prediction = tf.cast(prediction > 0.5, tf.float32)
        mixed = self.alpha * targets + (1.0 - self.alpha) * prediction
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=mixed, logits=logits)


class PenaltyReducedFocal(ClassificationLoss):
    """Focal loss in which negatives count less the nearer their target is to 1 (Zhou et al. 2019, equation 1).

    Only targets of exactly 1 are positives; probabilities are kept away from 0 and 1 by 1e-4.
    """

    def __init__(self, alpha: float, beta: float) -> None:
        self.alpha = alpha
        self.beta = beta

    def elementwise(self, logits: Tensor, targets: Tensor) -> Tensor:
        """[..., slots]."""
        p = tf.clip_by_value(tf.sigmoid(logits), _CLIP, 1.0 - _CLIP)
        positive = _power(1.0 - p, self.alpha) * tf.math.log(p)
        negative = _power(1.0 - targets, self.beta) * _power(p, self.alpha) * tf.math.log(1.0 - p)
        return -tf.where(targets == 1.0, positive, negative)


class Dice(ClassificationLoss):
    """1 - Dice coefficient of predicted and true areas (Milletari et al. 2016): one number per class and image.

    The areas are sums over the anchors, at least 1 together. `squared` squares probabilities and targets first;
    `of_probabilities` says that predictions are no logits.
    """

    of_anchors = False

    def __init__(self, *, squared: bool = False, of_probabilities: bool = False) -> None:
        self.squared = squared
        self.of_probabilities = of_probabilities

    def elementwise(self, logits: Tensor, targets: Tensor) -> Tensor:
        """[batch, slots] of logits and targets [batch, anchors, slots]."""
        return self.dense(logits, targets, tf.ones_like(targets))

    def dense(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """[batch, slots]; weights as in the base class, they scale what an anchor adds to the areas."""
        p = tf.cast(logits, tf.float32)
        p = p if self.of_probabilities else tf.sigmoid(p)
        if self.squared:
            p, targets = tf.square(p), tf.square(targets)
        weights = weights if weights.shape.rank == p.shape.rank else weights[..., tf.newaxis]
        p, targets = p * weights, targets * weights
        areas = tf.reduce_sum(p, axis=1) + tf.reduce_sum(targets, axis=1)
        return 1.0 - 2.0 * tf.reduce_sum(p * targets, axis=1) / tf.maximum(areas, 1.0)


def build_classification_loss(config: Config) -> ClassificationLoss:
    """The loss that a `ClassificationLoss` message describes; UserError when it chooses none."""
    kind = config.which("classification_loss")
    if kind is None:
        raise UserError(
            f"'{config.path}' chooses no loss", hint="write weighted_sigmoid_focal or weighted_softmax"
        )
    loss = config.message(kind)
    match kind:
        case "weighted_sigmoid":
            return SigmoidFocal()
        case "weighted_sigmoid_focal":
            return SigmoidFocal(loss.number("gamma"), loss.number("alpha") if loss.has("alpha") else None)
        case "weighted_softmax":
            return Softmax(_scale(loss))
        case "weighted_logits_softmax":
            return SoftmaxAgainstLogits(_scale(loss))
        case "bootstrapped_sigmoid":
            return BootstrappedSigmoid(loss.number("alpha"), hard=loss.flag("hard_bootstrap"))
        case "penalty_reduced_logistic_focal_loss":
            return PenaltyReducedFocal(loss.number("alpha"), loss.number("beta"))
    return Dice(
        squared=loss.flag("squared_normalization"),
        of_probabilities=loss.flag("is_prediction_probability"),
    )


def _scale(config: Config) -> float:
    scale = config.number("logit_scale")
    if scale == 0.0:
        raise UserError(f"'{config.path}.logit_scale' is '0'", hint="logits are divided by it")
    return scale


def _power(base: Tensor, exponent: float) -> Tensor:
    """`base ** exponent`; the usual exponents without logarithm and exponential."""
    if exponent == 0.0:
        return tf.ones_like(base)
    if exponent == 1.5:
        return base * tf.sqrt(base)
    return tf.square(base) if exponent == 2.0 else tf.pow(base, exponent)
