"""Detection metrics as COCO defines them (https://cocodataset.org/#detection-eval), under the OD API's names.

pycocotools does the counting. Values are fractions; -1 where there is no groundtruth to compare with.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cfgtool.errors import UserError
from cfgtool.training.evaluation.metrics.image import ImageResult

PRECISION = "DetectionBoxes_Precision"
RECALL = "DetectionBoxes_Recall"
BY_CATEGORY = "DetectionBoxes_PerformanceByCategory"
BY_SUPER_CATEGORY = "DetectionBoxes_PerformanceBySuperCategory"
MAIN_METRIC = f"{PRECISION}/mAP"

_ALL, _SMALL, _MEDIUM, _LARGE = range(4)
_AT_1, _AT_10, _AT_100 = range(3)
_EVERY = slice(None)
_NUMBERS: dict[str, tuple[str, slice | int, int, int]] = {
    MAIN_METRIC: ("precision", _EVERY, _ALL, _AT_100),
    f"{PRECISION}/mAP@.50IOU": ("precision", 0, _ALL, _AT_100),
    f"{PRECISION}/mAP@.75IOU": ("precision", 5, _ALL, _AT_100),
    f"{PRECISION}/mAP (small)": ("precision", _EVERY, _SMALL, _AT_100),
    f"{PRECISION}/mAP (medium)": ("precision", _EVERY, _MEDIUM, _AT_100),
    f"{PRECISION}/mAP (large)": ("precision", _EVERY, _LARGE, _AT_100),
    f"{RECALL}/AR@1": ("recall", _EVERY, _ALL, _AT_1),
    f"{RECALL}/AR@10": ("recall", _EVERY, _ALL, _AT_10),
    f"{RECALL}/AR@100": ("recall", _EVERY, _ALL, _AT_100),
    f"{RECALL}/AR@100 (small)": ("recall", _EVERY, _SMALL, _AT_100),
    f"{RECALL}/AR@100 (medium)": ("recall", _EVERY, _MEDIUM, _AT_100),
    f"{RECALL}/AR@100 (large)": ("recall", _EVERY, _LARGE, _AT_100),
}
"""Name -> what to average of COCOeval's results: which array, thresholds, sizes of objects, detections an image."""

NAMES = tuple(_NUMBERS)


@dataclass(frozen=True)
class Curves:
    """Precision over recall at an intersection over union of 0.5, as COCO defines it.

    `recall` [101] are 0, 0.01, ... 1; `precision` has by class name the precision [101] at each of them, made to fall
    monotonically, for the classes with groundtruth. `average_precision` is the mean of each curve.
    """

    recall: NDArray[np.float64]
    precision: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def mean(self) -> NDArray[np.float64]:
        """The mean [101] of the curves of all classes; empty without any."""
        return np.mean(list(self.precision.values()), axis=0) if self.precision else np.empty(0)

    @property
    def average_precision(self) -> dict[str, float]:
        """The area under the curve of each class."""
        return {name: float(curve.mean()) for name, curve in self.precision.items()}


class CocoMetrics:
    """Collects groundtruth and detections image by image, then computes the metrics.

    A detection on a crowd counts neither for nor against. The area of an object, where it is given, decides its size
    class in place of the area of its box.
    """

    def __init__(
        self,
        classes: Mapping[int, str],
        *,
        per_class: bool = False,
        all_per_class: bool = False,
        groups: Mapping[str, tuple[str, ...]] | None = None,
        skip_unlabeled: bool = False,
    ) -> None:
        """`classes` maps class ids to names; objects of other classes do not count.

        `per_class` adds the mAP of every class, `all_per_class` every number of every class; `groups` are names of
        classes whose mean is of interest, by the name of the group. `skip_unlabeled`: detections of classes that
        were not looked for in their image do not count.
        """
        self._classes = dict(classes)
        self._per_class, self._all_per_class = per_class or all_per_class, all_per_class
        self._groups, self._skip_unlabeled = dict(groups or {}), skip_unlabeled
        self._images: list[dict[str, Any]] = []
        self._truths: list[dict[str, Any]] = []
        self._detections: list[dict[str, Any]] = []
        self._arrays: dict[str, NDArray[np.float64]] = {}

    @property
    def names(self) -> list[str]:
        """The names of the metrics, the main one first."""
        names = list(NAMES)
        for name in self._classes.values() if self._per_class else ():
            names.append(f"{BY_CATEGORY}/mAP/{name}")
            names += [f"{number} ByCategory/{name}" for number in NAMES if self._all_per_class]
        for group in self._groups:
            names.append(f"{BY_SUPER_CATEGORY}/{group}")
            names += [f"{number} BySuperCategory/{group}" for number in NAMES if self._all_per_class]
        return names

    def __len__(self) -> int:
        return len(self._images)

    def add(self, image: ImageResult) -> None:
        """Count one image."""
        if self._skip_unlabeled:
            image = image.with_detections(image.looked_for(boxed_too=False))
        number = len(self._images) + 1
        self._images.append({"id": number})
        areas = np.where(image.area > 0.0, image.area, 0.0)
        truths = _objects(number, len(self._truths), image.boxes, image.classes)
        for truth, crowd, area in zip(truths, image.is_crowd.tolist(), areas.tolist(), strict=True):
            self._truths.append({**truth, "area": area or truth["area"], "iscrowd": int(crowd)})
        found = _objects(number, len(self._detections), image.detection_boxes, image.detection_classes)
        for detection, score in zip(found, image.detection_scores.tolist(), strict=True):
            self._detections.append({**detection, "iscrowd": 0, "score": score})

    def result(self) -> dict[str, float]:
        """The metrics by name. Raises UserError without images."""
        arrays = self._evaluated()
        values = [_mean(arrays, number, _EVERY) for number in NAMES]
        names = list(self._classes.values())
        by_class = [[_mean(arrays, number, column) for number in NAMES] for column in range(len(names))]
        rows = by_class if self._per_class else []
        for members in self._groups.values():
            chosen = [row for row, name in zip(by_class, names, strict=True) if name in members]
            rows = [*rows, [_known_mean(column) for column in zip(*chosen, strict=True)]]
        for row in rows:
            values += row[:1] + row * self._all_per_class
        return dict(zip(self.names, values, strict=True))

    def curves(self) -> Curves:
        """The curves of the classes with groundtruth. Raises UserError without images."""
        precision = self._evaluated()["precision"][0, :, :, _ALL, _AT_100]
        found = {
            name: precision[:, column]
            for column, name in enumerate(self._classes.values())
            if precision[0, column] > -1
        }
        return Curves(np.linspace(0.0, 1.0, len(precision)), found)

    def _evaluated(self) -> dict[str, NDArray[np.float64]]:
        """COCOeval's `precision` [thresholds, recalls, classes, sizes, limits] and `recall`, which lacks recalls."""
        if not self._images:
            raise UserError("there are no images to evaluate", hint="look at eval_input_reader")
        if self._arrays:
            return self._arrays
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval

        with contextlib.redirect_stdout(io.StringIO()):
            truth, found = COCO(), COCO()
            for index, annotations in ((truth, self._truths), (found, self._detections)):
                categories = [{"id": number, "name": name} for number, name in self._classes.items()]
                index.dataset = {"images": self._images, "annotations": annotations, "categories": categories}
                index.createIndex()
            evaluation = COCOeval(truth, found, "bbox")
            evaluation.params.imgIds = [image["id"] for image in self._images]
            evaluation.params.catIds = list(self._classes)
            evaluation.evaluate()
            evaluation.accumulate()
        self._arrays = {name: evaluation.eval[name] for name in ("precision", "recall")}
        return self._arrays


def _mean(arrays: Mapping[str, NDArray[np.float64]], number: str, column: slice | int) -> float:
    """One of the twelve numbers over the classes of `column`; -1 where none of them has groundtruth."""
    kind, thresholds, size, limit = _NUMBERS[number]
    array = arrays[kind][..., size, limit]
    return _known_mean(array[thresholds][..., column])


def _known_mean(values: Any) -> float:
    """The mean of the values that are not -1; -1 without any."""
    array = np.asarray(values)
    known = array[array > -1]
    return float(known.mean()) if known.size else -1.0


def _objects(
    image: int, before: int, boxes: NDArray[np.float64], classes: NDArray[np.int64]
) -> Iterator[dict[str, Any]]:
    """Objects as pycocotools takes them; `before` of them exist already."""
    sizes = boxes[:, 2:] - boxes[:, :2]
    rows = np.concatenate([boxes[:, 1::-1], sizes[:, ::-1]], axis=1).tolist()
    for offset, (row, category) in enumerate(zip(rows, classes.tolist(), strict=True)):
        area = row[2] * row[3]
        yield {
            "id": before + offset + 1,
            "image_id": image,
            "category_id": category,
            "bbox": row,
            "area": area,
        }
