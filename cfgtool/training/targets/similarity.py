"""Similarity of groundtruth boxes and anchors, which the matcher compares with its thresholds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError
from cfgtool.training.targets import boxes as geometry

if TYPE_CHECKING:
    from cfgtool.schema import Config

# boxes [..., n, 4] and other boxes [m, 4] or [..., m, 4] to similarities [..., n, m]
Similarity = Callable[[Tensor, Tensor], Tensor]


def build_similarity(config: Config) -> Similarity:
    """The similarity that a `RegionSimilarityCalculator` message chooses; UserError when it chooses none."""
    kind = config.which("region_similarity")
    if kind == "thresholded_iou_similarity":
        threshold = config.message(kind).number("iou_threshold")
        return lambda boxes, others: thresholded_iou(boxes, others, threshold)
    if kind is None:
        raise UserError(f"'{config.path}' chooses no similarity", hint="write iou_similarity {}")
    return _SIMILARITIES[kind]


def intersection(boxes: Tensor, others: Tensor) -> Tensor:
    """Common area of each pair, [..., n, m]."""
    ymin, xmin, ymax, xmax = (side[..., :, tf.newaxis] for side in geometry.corners(boxes))
    other_ymin, other_xmin, other_ymax, other_xmax = (
        side[..., tf.newaxis, :] for side in geometry.corners(others)
    )
    height = tf.minimum(ymax, other_ymax) - tf.maximum(ymin, other_ymin)
    width = tf.minimum(xmax, other_xmax) - tf.maximum(xmin, other_xmin)
    return tf.maximum(height, 0.0) * tf.maximum(width, 0.0)


def iou(boxes: Tensor, others: Tensor) -> Tensor:
    """Intersection over union of each pair, [..., n, m]; 0 where both boxes are empty."""
    common = intersection(boxes, others)
    union = geometry.area(boxes)[..., :, tf.newaxis] + geometry.area(others)[..., tf.newaxis, :] - common
    return tf.math.divide_no_nan(common, union)


def ioa(boxes: Tensor, others: Tensor) -> Tensor:
    """Intersection over the area of the other box, [..., n, m]."""
    return tf.math.divide_no_nan(intersection(boxes, others), geometry.area(others)[..., tf.newaxis, :])


def negative_squared_distance(boxes: Tensor, others: Tensor) -> Tensor:
    """Minus the squared distance of the four coordinates, [..., n, m]."""
    difference = boxes[..., :, tf.newaxis, :] - others[..., tf.newaxis, :, :]
    return -tf.reduce_sum(tf.square(difference), axis=-1)


def thresholded_iou(boxes: Tensor, others: Tensor, threshold: float) -> Tensor:
    """1 where the intersection over union is above the threshold, else 0; [..., n, m].

    The OD API multiplies it by scores of the boxes, which are 1 for every groundtruth box.
    """
    return tf.cast(iou(boxes, others) > threshold, tf.float32)


_SIMILARITIES: dict[str, Similarity] = {
    "iou_similarity": iou,
    "ioa_similarity": ioa,
    "neg_sq_dist_similarity": negative_squared_distance,
}
