"""Which detections of an image are right, by the rules of PASCAL VOC and of Open Images.

Everingham et al. 2010, section 4.2, and https://storage.googleapis.com/openimages/web/evaluation.html.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cfgtool.training.evaluation.metrics.image import ImageResult

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ids = NDArray[np.int64]


class Judged(NamedTuple):
    """Detections that count, each with its class, its score, and what it counts as: 0 wrong, more if right."""

    classes: Ids
    scores: Floats
    worth: Floats


def judge(
    image: ImageResult, threshold: float, difficult: Flags, groups: Flags, group_weight: float
) -> Judged:
    """Judge the detections of an image, best scores first, those of equal scores in the order given.

    A detection belongs to the object of its class that it overlaps most, if their intersection over union reaches
    `threshold`. The first one of an object is right, the others are wrong; of `difficult` objects [n] none counts.
    `groups` [n] are boxes around many objects: a detection that no single object makes right, and that lies in a group
    by `threshold` of its own area, does not count; with `group_weight`, the best one of each group is right and
    counts as much.
    """
    found = image.detection_boxes
    shaped = (found[:, 0] < found[:, 2]) & (found[:, 1] < found[:, 3])
    order = np.argsort(-image.detection_scores[shaped], kind="stable")
    found = found[shaped][order]
    scores, classes = image.detection_scores[shaped][order], image.detection_classes[shaped][order]

    same = classes[:, np.newaxis] == image.classes
    shared = intersections(found, image.boxes)
    sizes, areas = box_areas(found)[:, np.newaxis], box_areas(image.boxes)
    overlap = np.where(same & ~groups, _ratio(shared, sizes + areas - shared), -1.0)
    inside = np.where(same & groups, _ratio(shared, sizes), -1.0)

    reached, nearest = _best(overlap, threshold)
    ignored = reached & np.append(difficult, False)[nearest]
    right = _first(nearest, reached & ~ignored)

    grouped, group = _best(inside, threshold)
    grouped &= ~right & ~ignored
    counted = ~ignored & ~grouped
    judged = Judged(classes[counted], scores[counted], right[counted].astype(np.float64))
    if group_weight <= 0.0:
        return judged
    best = _first(group, grouped)
    worth = np.full(int(best.sum()), group_weight)
    return Judged(*map(np.concatenate, zip(judged, (classes[best], scores[best], worth), strict=True)))


def intersections(first: Floats, second: Floats) -> Floats:
    """Areas that boxes [m, 4] and [n, 4] share, [m, n]."""
    low = np.maximum(first[:, np.newaxis, :2], second[:, :2])
    high = np.minimum(first[:, np.newaxis, 2:], second[:, 2:])
    return np.prod(np.maximum(high - low, 0.0), axis=2)


def box_areas(boxes: Floats) -> Floats:
    """Areas [n] of boxes [n, 4]."""
    return np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=np.broadcast_to(whole > 0.0, part.shape))


def _best(values: Floats, threshold: float) -> tuple[Flags, Ids]:
    """Whether the largest value of each row reaches the threshold, and its column (-1 where it does not)."""
    if not values.shape[1]:
        return np.zeros(len(values), np.bool_), np.full(len(values), -1)
    column = values.argmax(axis=1)
    reached = values[np.arange(len(values)), column] >= threshold
    return reached, np.where(reached, column, -1)


def _first(columns: Ids, among: Flags) -> Flags:
    """Of the rows `among`, the first one of each column."""
    rows = np.flatnonzero(among)
    result = np.zeros(len(columns), np.bool_)
    result[rows[np.unique(columns[rows], return_index=True)[1]]] = True
    return result
