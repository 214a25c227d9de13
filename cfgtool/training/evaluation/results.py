"""What metrics compare, out of the arrays of a batch and of its detections."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from cfgtool.training.evaluation.metrics import ImageResult
from cfgtool.training.evaluation.metrics.image import Compared
from cfgtool.training.evaluation.metrics.masks import Rle, encoded
from cfgtool.training.evaluation.pasting import paste

Arrays = Mapping[str, npt.NDArray[Any]]
"""What the batch and the detections hold, by the keys of both."""

TRUTH = (
    "original_boxes",
    "classes",
    "num_boxes",
    "original_size",
    "is_crowd",
    "difficult",
    "area",
    "group_of",
    "labeled_classes",
    "absent_classes",
    "inexhaustive_classes",
)
FOUND = ("detection_boxes", "detection_classes", "detection_scores", "num_detections")
TRUTH_OF: dict[Compared, tuple[str, ...]] = {
    "boxes": (),
    "masks": ("original_masks",),
    "keypoints": ("original_keypoints",),
}
FOUND_OF: dict[Compared, tuple[str, ...]] = {
    "boxes": (),
    "masks": ("detection_masks",),
    "keypoints": ("detection_keypoints",),
}


def image_result(arrays: Arrays, index: int, compared: Collection[Compared]) -> ImageResult:
    """One image in pixels of the stored image, in which COCO's size classes are meant.

    `arrays` hold `TRUTH` and `FOUND`, and what `TRUTH_OF` and `FOUND_OF` name of what is `compared`.
    """
    count, found = int(arrays["num_boxes"][index]), int(arrays["num_detections"][index])
    size = arrays["original_size"][index]
    scale = np.tile(size, 2)
    result = ImageResult(
        boxes=arrays["original_boxes"][index, :count] * scale,
        classes=arrays["classes"][index, :count].astype(np.int64) + 1,
        detection_boxes=arrays["detection_boxes"][index, :found] * scale,
        detection_classes=arrays["detection_classes"][index, :found].astype(np.int64) + 1,
        detection_scores=arrays["detection_scores"][index, :found],
        is_crowd=arrays["is_crowd"][index, :count],
        difficult=arrays["difficult"][index, :count],
        area=arrays["area"][index, :count],
        group_of=arrays["group_of"][index, :count],
        labeled=arrays["labeled_classes"][index],
        absent=arrays["absent_classes"][index],
        inexhaustive=arrays["inexhaustive_classes"][index],
        keypoints=arrays["original_keypoints"][index, :count] * size if "keypoints" in compared else None,
        detection_keypoints=(
            arrays["detection_keypoints"][index, :found] * size if "keypoints" in compared else None
        ),
    )
    if "masks" in compared:
        height, width = size
        result.masks = encoded(arrays["original_masks"][index, :count, :height, :width])
        masks, boxes = arrays["detection_masks"][index, :found], arrays["detection_boxes"][index, :found]
        result.detection_masks = pasted_masks(masks, boxes, (int(size[0]), int(size[1])))
    return result


def pasted_masks(masks: npt.NDArray[Any], boxes: npt.NDArray[Any], size: tuple[int, int]) -> list[Rle]:
    """Masks [m, h, w] of normalised boxes [m, 4] on an image of `size` (height, width).

    One at a time: the pixels of all of them would fill the memory.
    """
    found: list[Rle] = []
    canvas = np.zeros(size, np.uint8)
    for mask, box in zip(masks, boxes, strict=True):
        canvas[:] = 0
        paste(mask, box, canvas)
        found += encoded(canvas[np.newaxis])
    return found
