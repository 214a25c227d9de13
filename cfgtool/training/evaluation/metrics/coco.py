"""Metrics of boxes and masks as COCO defines them (https://cocodataset.org/#detection-eval), under the OD API's names.

pycocotools does the counting. Values are fractions; -1 where there is no groundtruth to compare with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cfgtool.training.evaluation.metrics.cocoeval import (
    Annotation,
    Annotations,
    Counted,
    as_boxes,
    as_masks,
    known_mean,
)
from cfgtool.training.evaluation.metrics.image import Compared, ImageResult

_ALL, _SMALL, _MEDIUM, _LARGE = range(4)
_AT_1, _AT_10, _AT_100 = range(3)
_EVERY = slice(None)


class _Number(NamedTuple):
    """What to average of COCOeval's results: which array, thresholds, sizes of objects, detections an image."""

    array: str
    thresholds: slice | int
    size: int
    limit: int


_NUMBERS = {
    "Precision/mAP": _Number("precision", _EVERY, _ALL, _AT_100),
    "Precision/mAP@.50IOU": _Number("precision", 0, _ALL, _AT_100),
    "Precision/mAP@.75IOU": _Number("precision", 5, _ALL, _AT_100),
    "Precision/mAP (small)": _Number("precision", _EVERY, _SMALL, _AT_100),
    "Precision/mAP (medium)": _Number("precision", _EVERY, _MEDIUM, _AT_100),
    "Precision/mAP (large)": _Number("precision", _EVERY, _LARGE, _AT_100),
    "Recall/AR@1": _Number("recall", _EVERY, _ALL, _AT_1),
    "Recall/AR@10": _Number("recall", _EVERY, _ALL, _AT_10),
    "Recall/AR@100": _Number("recall", _EVERY, _ALL, _AT_100),
    "Recall/AR@100 (small)": _Number("recall", _EVERY, _SMALL, _AT_100),
    "Recall/AR@100 (medium)": _Number("recall", _EVERY, _MEDIUM, _AT_100),
    "Recall/AR@100 (large)": _Number("recall", _EVERY, _LARGE, _AT_100),
}
_PREFIXES: dict[Compared, str] = {"boxes": "DetectionBoxes_", "masks": "DetectionMasks_"}

NAMES = tuple(f"{_PREFIXES['boxes']}{number}" for number in _NUMBERS)
"""The numbers of boxes."""
MAIN_METRIC = NAMES[0]


@dataclass(frozen=True)
class Curves:
    """Precision over recall at an intersection over union of 0.5, as COCO defines it.

    `recall` [101] are 0, 0.01, ... 1; `precision` has by class name the precision [101] at each of them, made to fall
    monotonically, for the classes with groundtruth. `average_precision` is the mean of each curve.
    """

    recall: NDArray[np.float64]
    precision: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    compares: Compared = "boxes"

    @property
    def mean(self) -> NDArray[np.float64]:
        """The mean [101] of the curves of all classes; empty without any."""
        return np.mean(list(self.precision.values()), axis=0) if self.precision else np.empty(0)

    @property
    def average_precision(self) -> dict[str, float]:
        """The area under the curve of each class."""
        return {name: float(curve.mean()) for name, curve in self.precision.items()}


class CocoMetrics:
    """Collects groundtruth and detections image by image, then computes the metrics of their boxes or masks.

    A detection on a crowd counts neither for nor against. The area of an object, where it is given, decides its size
    class in place of the area of its box.
    """

    def __init__(
        self,
        classes: Mapping[int, str],
        *,
        masks: bool = False,
        per_class: bool = False,
        all_per_class: bool = False,
        groups: Mapping[str, tuple[str, ...]] | None = None,
        skip_unlabeled: bool = False,
    ) -> None:
        """`classes` maps class ids to names; objects of other classes do not count.

        `masks` are compared in place of boxes. `per_class` adds the mAP of every class, `all_per_class` every number
        of every class; `groups` are names of classes whose mean is of interest, by the name of the group.
        `skip_unlabeled`: detections of classes that were not looked for in their image do not count.
        """
        self.compares: Compared = "masks" if masks else "boxes"
        self._prefix = _PREFIXES[self.compares]
        self._classes = dict(sorted(classes.items()))  # the order of COCOeval's columns
        self._per_class, self._all_per_class = per_class or all_per_class, all_per_class
        self._groups, self._skip_unlabeled = dict(groups or {}), skip_unlabeled
        self._annotations = Annotations(classes)
        self._arrays: Counted = {}

    @property
    def names(self) -> list[str]:
        """The names of the metrics, the main one first."""
        names = list(_NUMBERS)
        for name in self._classes.values() if self._per_class else ():
            names.append(f"PerformanceByCategory/mAP/{name}")
            names += [f"{number} ByCategory/{name}" for number in _NUMBERS if self._all_per_class]
        for group in self._groups:
            names.append(f"PerformanceBySuperCategory/{group}")
            names += [f"{number} BySuperCategory/{group}" for number in _NUMBERS if self._all_per_class]
        return [f"{self._prefix}{name}" for name in names]

    def __len__(self) -> int:
        return len(self._annotations)

    def add(self, image: ImageResult) -> None:
        """Count one image."""
        if self._skip_unlabeled:
            image = image.with_detections(image.looked_for(boxed_too=False))
        masks = [*image.masks, *image.detection_masks]
        number = self._annotations.start_image(masks[0]["size"] if masks else ())
        self._annotations.add_truth(self._truths(number, image))
        if self.compares == "masks":
            found = list(as_masks(number, image.detection_masks, image.detection_classes))
        else:
            found = list(as_boxes(number, image.detection_boxes, image.detection_classes))
        self._annotations.add_found(found, image.detection_scores)

    def _truths(self, number: int, image: ImageResult) -> list[Annotation]:
        truths = list(as_boxes(number, image.boxes, image.classes))
        areas = np.where(image.area > 0.0, image.area, 0.0)
        for truth, crowd, area in zip(truths, image.is_crowd.tolist(), areas.tolist(), strict=True):
            truth |= {"area": area or truth["area"], "iscrowd": int(crowd)}
        for truth, mask in zip(truths, image.masks, strict=True) if self.compares == "masks" else ():
            truth["segmentation"] = mask
        return truths

    def result(self) -> dict[str, float]:
        """The metrics by name. Raises UserError without images."""
        arrays = self._counted()
        values = [_mean(arrays, number, _EVERY) for number in _NUMBERS.values()]
        names = list(self._classes.values())
        by_class = [
            [_mean(arrays, number, column) for number in _NUMBERS.values()] for column in range(len(names))
        ]
        rows = by_class if self._per_class else []
        for members in self._groups.values():
            chosen = [row for row, name in zip(by_class, names, strict=True) if name in members]
            rows = [*rows, [known_mean(column) for column in zip(*chosen, strict=True)]]
        for row in rows:
            values += row[:1] + row * self._all_per_class
        return dict(zip(self.names, values, strict=True))

    def curves(self) -> Curves:
        """The curves of the classes with groundtruth. Raises UserError without images."""
        precision = self._counted()["precision"][0, :, :, _ALL, _AT_100]
        found = {
            name: precision[:, column]
            for column, name in enumerate(self._classes.values())
            if precision[0, column] > -1
        }
        return Curves(np.linspace(0.0, 1.0, len(precision)), found, self.compares)

    def _counted(self) -> Counted:
        if not self._arrays:
            self._arrays = self._annotations.count("segm" if self.compares == "masks" else "bbox")
        return self._arrays


def _mean(arrays: Counted, number: _Number, column: slice | int) -> float:
    """One of the twelve numbers over the classes of `column`; -1 where none of them has groundtruth."""
    array = arrays[number.array][..., number.size, number.limit]
    return known_mean(array[number.thresholds][..., column])
