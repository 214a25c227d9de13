"""What is known and what was found of one image: the input of every metric."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


class ImageResult:
    """Groundtruth (n objects) and detections (m) of one image, as arrays.

    `boxes` [n, 4] and `detection_boxes` [m, 4] are `[ymin, xmin, ymax, xmax]` in pixels of the stored image, `classes`
    [n] and `detection_classes` [m] the ids of the label map, from 1. `is_crowd`, `difficult`, `group_of` [n] are the
    flags of the records; `area` [n] is the area of the object where positive. `labeled` [num_classes] tells which
    classes were looked for in the image, class 1 first; None: all of them.
    """

    __slots__ = (
        "area",
        "boxes",
        "classes",
        "detection_boxes",
        "detection_classes",
        "detection_scores",
        "difficult",
        "group_of",
        "is_crowd",
        "labeled",
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
        self.labeled = None if labeled is None else np.asarray(labeled).reshape(-1) > 0

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
        return ImageResult(
            boxes=self.boxes,
            classes=self.classes,
            detection_boxes=self.detection_boxes[kept],
            detection_classes=self.detection_classes[kept],
            detection_scores=self.detection_scores[kept],
            is_crowd=self.is_crowd,
            difficult=self.difficult,
            group_of=self.group_of,
            area=self.area,
            labeled=self.labeled,
        )

    def _flags(self, values: ArrayLike | None) -> NDArray[np.bool_]:
        count = len(self.classes)
        return np.zeros(count, np.bool_) if values is None else np.asarray(values, np.bool_).reshape(-1)
