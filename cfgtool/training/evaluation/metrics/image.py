"""What is known and what was found of one image: the input of every metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cfgtool.training.evaluation.metrics.masks import Rle

Compared = Literal["boxes", "masks", "keypoints"]
"""What of an object a metric compares."""


class ImageResult:
    """Groundtruth (n objects) and detections (m) of one image, as arrays.

    `boxes` [n, 4] and `detection_boxes` [m, 4] are `[ymin, xmin, ymax, xmax]` in pixels of the stored image, `classes`
    [n] and `detection_classes` [m] the ids of the label map, from 1. `is_crowd`, `difficult`, `group_of` [n] are the
    flags of the records; `area` [n] is the area of the object where positive. `labeled` [num_classes] tells which
    classes were looked for in the image, class 1 first; None: all of them. `absent` [num_classes] are the classes that
    are known not to be in the image, `inexhaustive` [num_classes] those of which not every object is labelled; None:
    no class.

    Metrics of masks need `masks` (n) and `detection_masks` (m), run-length encoded and as large as the stored image;
    an object without a mask has an empty one. Those of keypoints need `keypoints` [n, k, 2] and `detection_keypoints`
    [m, k, 2], (y, x) in pixels, and `visible` [n, k], false where a keypoint is not there.
    """

    __slots__ = (
        "absent",
        "area",
        "boxes",
        "classes",
        "detection_boxes",
        "detection_classes",
        "detection_keypoints",
        "detection_masks",
        "detection_scores",
        "difficult",
        "group_of",
        "inexhaustive",
        "is_crowd",
        "keypoints",
        "labeled",
        "masks",
        "visible",
    )

    def __init__(
        self,
        *,
        boxes: ArrayLike,
        classes: ArrayLike,
        detection_boxes: ArrayLike,
        detection_classes: ArrayLike,
        detection_scores: ArrayLike,
        is_crowd: ArrayLike | None = None,
        difficult: ArrayLike | None = None,
        group_of: ArrayLike | None = None,
        area: ArrayLike | None = None,
        labeled: ArrayLike | None = None,
        absent: ArrayLike | None = None,
        inexhaustive: ArrayLike | None = None,
        masks: Sequence[Rle] = (),
        detection_masks: Sequence[Rle] = (),
        keypoints: ArrayLike | None = None,
        visible: ArrayLike | None = None,
        detection_keypoints: ArrayLike | None = None,
    ) -> None:
        self.boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
        self.classes = np.asarray(classes, np.int64).reshape(-1)
        self.detection_boxes = np.asarray(detection_boxes, np.float64).reshape(-1, 4)
        self.detection_classes = np.asarray(detection_classes, np.int64).reshape(-1)
        self.detection_scores = np.asarray(detection_scores, np.float64).reshape(-1)
        self.is_crowd = self._flags(is_crowd)
        self.difficult = self._flags(difficult)
        self.group_of = self._flags(group_of)
        self.area = np.zeros(len(self.classes)) if area is None else np.asarray(area, np.float64).reshape(-1)
        self.labeled, self.absent, self.inexhaustive = map(_of_classes, (labeled, absent, inexhaustive))
        self.masks, self.detection_masks = list(masks), list(detection_masks)
        self.keypoints = _points(keypoints, len(self.classes))
        self.detection_keypoints = _points(detection_keypoints, len(self.detection_classes))
        there = np.isfinite(self.keypoints).all(axis=-1) if visible is None else visible
        self.visible: NDArray[np.bool_] = np.asarray(there, np.bool_).reshape(self.keypoints.shape[:2])

    def looked_for(self, *, boxed_too: bool) -> NDArray[np.bool_]:
        """Which detections [m] are of classes that were looked for in the image, or with `boxed_too` have a box in it."""
        if self.labeled is None:
            return np.ones(len(self.detection_classes), np.bool_)
        ids = np.flatnonzero(self.labeled) + 1
        if boxed_too:
            ids = np.concatenate([ids, self.classes])
        return np.isin(self.detection_classes, ids)

    def with_detections(self, kept: NDArray[np.bool_]) -> ImageResult:
        """The same image with those detections only, by a mask [m]."""
        given: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        for name in ("detection_boxes", "detection_classes", "detection_scores", "detection_keypoints"):
            given[name] = given[name][kept]
        if self.detection_masks:
            given["detection_masks"] = [self.detection_masks[index] for index in np.flatnonzero(kept)]
        return ImageResult(**given)

    def _flags(self, values: ArrayLike | None) -> NDArray[np.bool_]:
        count = len(self.classes)
        return np.zeros(count, np.bool_) if values is None else np.asarray(values, np.bool_).reshape(-1)


def _of_classes(values: ArrayLike | None) -> NDArray[np.bool_] | None:
    return None if values is None else np.asarray(values).reshape(-1) > 0


def _points(values: ArrayLike | None, count: int) -> NDArray[np.float64]:
    """Keypoints [count, k, 2]; k is 0 without any."""
    array = np.zeros((count, 0, 2)) if values is None else np.asarray(values, np.float64)
    return array.reshape(count, array.shape[1] if array.ndim == 3 else 0, 2)
