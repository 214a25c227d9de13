"""Which detections of an image are right, by the rules of PASCAL VOC and of Open Images.

Everingham et al. 2010, section 4.2, and https://storage.googleapis.com/openimages/web/evaluation.html.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cfgtool.training.evaluation.metrics.image import ImageResult
from cfgtool.training.evaluation.metrics.masks import areas, mask_overlaps

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ids = NDArray[np.int64]


class Judged(NamedTuple):
    """Detections that count, each with its class, its score, and what it counts as: 0 wrong, more if right."""

    classes: Ids
    scores: Floats
    worth: Floats


class Overlaps(NamedTuple):
    """How far detections [m] and some objects [n] overlap.

    `of_both` [m, n] is intersection over union; `of_found` [m, n] intersection over the area of the detection.
    """

    of_both: Floats
    of_found: Floats


class _Found(NamedTuple):
    """What becomes of detections [m]: belongs to an object first, to a difficult one, lies in group number `group`."""

    right: Flags
    ignored: Flags
    grouped: Flags
    group: Ids

    @property
    def settled(self) -> Flags:
        return self.right | self.ignored | self.grouped


def judge(
    image: ImageResult,
    threshold: float,
    difficult: Flags,
    groups: Flags,
    group_weight: float,
    *,
    masks: bool = False,
) -> Judged:
    """Judge the detections of an image, best scores first, those of equal scores in the order given.

    A detection belongs to the object of its class that it overlaps most, if their intersection over union reaches
    `threshold`. The first one of an object is right, the others are wrong; of `difficult` objects [n] none counts.
    `groups` [n] are boxes around many objects: a detection that no single object makes right, and that lies in a group
    by `threshold` of its own area, does not count; with `group_weight`, the best one of each group is right and
    counts as much.

    With `masks`, masks are compared. Objects whose masks are empty are known by their boxes only: what belongs to
    none of the others and to one of these by its box does not count.
    """
    boxes = image.detection_boxes
    image = image.with_detections((boxes[:, 0] < boxes[:, 2]) & (boxes[:, 1] < boxes[:, 3]))
    order = np.argsort(-image.detection_scores, kind="stable")
    scores, classes = image.detection_scores[order], image.detection_classes[order]
    same = classes[:, np.newaxis] == image.classes

    masked = with_masks(image) if masks else np.ones(len(image.classes), np.bool_)
    overlaps = _of_masks(image, order) if masks else _of_boxes(image, order)
    found = _assign(overlaps, same & masked, difficult, groups, threshold)
    counted = ~found.ignored & ~found.grouped
    if not masked.all():
        by_box = _assign(_of_boxes(image, order), same & ~masked, difficult, groups, threshold, found.settled)
        counted &= ~by_box.settled
    judged = Judged(classes[counted], scores[counted], found.right[counted].astype(np.float64))
    if group_weight <= 0.0:
        return judged
    best = _first(found.group, found.grouped)
    worth = np.full(int(best.sum()), group_weight)
    return Judged(*map(np.concatenate, zip(judged, (classes[best], scores[best], worth), strict=True)))


def with_masks(image: ImageResult) -> Flags:
    """Which objects [n] have a mask that is not empty."""
    return areas(image.masks) > 0.0


def _assign(
    overlaps: Overlaps,
    candidates: Flags,
    difficult: Flags,
    groups: Flags,
    threshold: float,
    settled: Flags | None = None,
) -> _Found:
    """Assign detections that are not `settled` [m] to objects among their `candidates` [m, n]."""
    free = np.ones(len(candidates), np.bool_) if settled is None else ~settled
    reached, nearest = _best(np.where(candidates & ~groups, overlaps.of_both, -1.0), threshold)
    ignored = free & reached & np.append(difficult, False)[nearest]
    right = _first(nearest, free & reached & ~ignored)
    grouped, group = _best(np.where(candidates & groups, overlaps.of_found, -1.0), threshold)
    return _Found(right, ignored, grouped & free & ~right & ~ignored, group)


def _of_boxes(image: ImageResult, order: Ids) -> Overlaps:
    found = image.detection_boxes[order]
    shared = intersections(found, image.boxes)
    sizes, objects = box_areas(found)[:, np.newaxis], box_areas(image.boxes)
    return Overlaps(_ratio(shared, sizes + objects - shared), _ratio(shared, sizes))


def _of_masks(image: ImageResult, order: Ids) -> Overlaps:
    found = [image.detection_masks[index] for index in order]
    return Overlaps(mask_overlaps(found, image.masks), mask_overlaps(found, image.masks, of_found=True))


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
