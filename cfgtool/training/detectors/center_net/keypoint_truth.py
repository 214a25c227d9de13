"""What a batch shows of the keypoints of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import tensorflow as tf
from tensorflow import Tensor

if TYPE_CHECKING:
    from cfgtool.training.detectors.center_net.keypoint_places import KeypointPlaces
    from cfgtool.training.detectors.center_net.task import Truth


class Points(NamedTuple):
    """The keypoints of a task in a batch: `places` [batch, n, k, 2] (y, x) in cells, 0 where absent.

    `heights` [batch, n, k] are the weights of their objects, 0 where absent and for objects of other classes, and
    `weights` those times the keypoints' own.
    """

    places: Tensor
    heights: Tensor
    weights: Tensor


def keypoints_of(places: KeypointPlaces, truth: Truth) -> Points:
    """The keypoints of a task in a batch."""
    batch = truth.batch
    points = tf.gather(batch["keypoints"], places.ids, axis=2)
    there = tf.reduce_all(tf.math.is_finite(points), axis=-1)
    several = batch.get("class_targets")
    if several is None:
        of_class = tf.cast(batch["classes"] == places.class_id, tf.float32)
    else:
        of_class = several[..., places.class_id]
    heights = tf.cast(there, tf.float32) * (of_class * truth.weights)[..., tf.newaxis]
    points = truth.grid(tf.where(there[..., tf.newaxis], points, 0.0))
    if "keypoint_weights" not in batch:
        return Points(points, heights, heights)
    own = tf.gather(batch["keypoint_weights"], places.ids, axis=2)
    return Points(points, tf.where(own > 0.0, heights, 0.0), heights * own)
