"""Class targets from signed confidences: `model.ssd.use_confidences_as_targets`."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf
from tensorflow import Tensor


class ConfidenceTargets(NamedTuple):
    """`classes` and `weights` float32 [batch, anchors, slots], `positive` bool [batch, anchors]."""

    classes: Tensor
    weights: Tensor
    positive: Tensor


def confidence_targets(confidences: Tensor, implicit_weight: float, *, background: bool) -> ConfidenceTargets:
    """What anchors should predict, from the confidences [batch, anchors, classes] of their boxes, 0 without one.

    Above 0 a confidence is the target of its class; below 0 it says that the class is absent; 0 says nothing, so
    that the class is absent by implication and weighs `implicit_weight` (field `implicit_example_weight`). An
    anchor is positive if a confidence is above 0. With `background` a slot in front has the target 1 for all
    others.
    """
    positive = tf.reduce_any(confidences > 0.0, axis=-1)
    classes = tf.maximum(confidences, 0.0)
    stated = confidences != 0.0
    if background:
        classes = tf.concat([tf.cast(~positive, tf.float32)[..., tf.newaxis], classes], axis=-1)
        stated = tf.concat([positive[..., tf.newaxis], stated], axis=-1)
    return ConfidenceTargets(classes, tf.where(stated, 1.0, implicit_weight), positive)
