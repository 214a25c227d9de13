"""Localisation losses: per anchor, summed over the numbers of its code."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError
from cfgtool.training.targets import boxes as geometry

if TYPE_CHECKING:
    from cfgtool.schema import Config


class LocalizationLoss(ABC):
    """A loss between predictions and targets [..., 4].

    `of_boxes` says what both are: boxes (ymin, xmin, ymax, xmax), or codes of a box coder.
    """

    of_boxes = False

    def per_anchor(self, prediction: Tensor, target: Tensor, weights: Tensor) -> Tensor:
        """Weighted loss [batch, anchors]. Targets that are NaN have no loss and no gradient."""
        prediction = tf.cast(prediction, tf.float32)
        # A target equal to the prediction is the one that has neither.
        target = tf.where(tf.math.is_nan(target), tf.stop_gradient(prediction), target)
        return self._weigh(self.unweighted(prediction, target), weights)

    def _weigh(self, loss: Tensor, weights: Tensor) -> Tensor:
        return weights * loss

    @abstractmethod
    def unweighted(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Loss [...] of predictions and targets [..., 4]."""


class L2(LocalizationLoss):
    """Half the squared error; the weight applies to the error, so it counts squared."""

    def unweighted(self, prediction: Tensor, target: Tensor) -> Tensor:
        """[...]."""
        return 0.5 * tf.reduce_sum(tf.square(prediction - target), axis=-1)

    def _weigh(self, loss: Tensor, weights: Tensor) -> Tensor:
        return tf.square(weights) * loss


class L1(LocalizationLoss):
    """The absolute error."""

    def unweighted(self, prediction: Tensor, target: Tensor) -> Tensor:
        """[...]."""
        return tf.reduce_sum(tf.abs(prediction - target), axis=-1)


class SmoothL1(LocalizationLoss):
    """Huber's loss: quadratic up to `delta`, linear with slope `delta` beyond."""

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = delta

    def unweighted(self, prediction: Tensor, target: Tensor) -> Tensor:
        """[...]."""
        error = prediction - target
        # With c the clipped error both branches are c (e - c / 2), and so is their derivative c, also if c is taken
        # for a constant.
        clipped = tf.stop_gradient(tf.clip_by_value(error, -self.delta, self.delta))
        return tf.reduce_sum(clipped * (error - 0.5 * clipped), axis=-1)


class Iou(LocalizationLoss):
    """1 - intersection over union of the two boxes."""

    of_boxes = True

    def unweighted(self, prediction: Tensor, target: Tensor) -> Tensor:
        """[...]."""
        return 1.0 - _overlaps(prediction, target)[0]


class GeneralizedIou(LocalizationLoss):
    """1 - generalised intersection over union (Rezatofighi et al. 2019)."""

    of_boxes = True

    def unweighted(self, prediction: Tensor, target: Tensor) -> Tensor:
        """[...]."""
        iou, union = _overlaps(prediction, target)
        low = tf.minimum(prediction[..., :2], target[..., :2])
        high = tf.maximum(prediction[..., 2:], target[..., 2:])
        hull = geometry.area(tf.concat([low, high], axis=-1))
        return 1.0 - (iou - tf.math.divide_no_nan(hull - union, hull))


def _overlaps(boxes: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Intersection over union, and union, of boxes of the same position."""
    low = tf.maximum(boxes[..., :2], others[..., :2])
    high = tf.minimum(boxes[..., 2:], others[..., 2:])
    common = tf.reduce_prod(tf.maximum(high - low, 0.0), axis=-1)
    union = geometry.area(boxes) + geometry.area(others) - common
    return tf.math.divide_no_nan(common, union), union


def build_localization_loss(config: Config) -> LocalizationLoss:
    """The loss that a `LocalizationLoss` message describes; UserError when it chooses none."""
    match config.which("localization_loss"):
        case "weighted_smooth_l1":
            return SmoothL1(config.message("weighted_smooth_l1").number("delta"))
        case "weighted_l2":
            return L2()
        case "l1_localization_loss":
            return L1()
        case "weighted_iou":
            return Iou()
        case "weighted_giou":
            return GeneralizedIou()
    raise UserError(f"'{config.path}' chooses no loss", hint="write weighted_smooth_l1 {}")
