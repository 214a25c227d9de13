"""Detection metrics as COCO defines them (https://cocodataset.org/#detection-eval), under the OD API's names.

pycocotools does the counting. Values are fractions; -1 where there is no groundtruth to compare with.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cfgtool.errors import UserError
from cfgtool.schema import Config

PRECISION = "DetectionBoxes_Precision"
RECALL = "DetectionBoxes_Recall"
BY_CATEGORY = "DetectionBoxes_PerformanceByCategory"
MAIN_METRIC = f"{PRECISION}/mAP"

NAMES = (
    MAIN_METRIC,
    f"{PRECISION}/mAP@.50IOU",
    f"{PRECISION}/mAP@.75IOU",
    f"{PRECISION}/mAP (small)",
    f"{PRECISION}/mAP (medium)",
    f"{PRECISION}/mAP (large)",
    f"{RECALL}/AR@1",
    f"{RECALL}/AR@10",
    f"{RECALL}/AR@100",
    f"{RECALL}/AR@100 (small)",
    f"{RECALL}/AR@100 (medium)",
    f"{RECALL}/AR@100 (large)",
)
"""In the order of `COCOeval.stats`."""

SUPPORTED_SETS = ("coco_detection_metrics",)


def metric_problems(eval_config: Config) -> Iterator[tuple[str, str]]:
    """(field path, what is wrong) for each metric that `eval_config` asks for and we do not compute."""
    for entry in eval_config.entries("metrics_set"):
        if entry.value not in SUPPORTED_SETS:
            supported = ", ".join(SUPPORTED_SETS)
            yield entry.path, f"metrics_set '{entry.value}' is not supported, only {supported}"
    for entry in eval_config.entries("parameterized_metric"):
        yield entry.path, "'parameterized_metric' is not supported"
    for name in ("super_categories", "all_metrics_per_category", "skip_predictions_for_unlabeled_class"):
        if eval_config.has(name) and eval_config.value(name):
            yield f"{eval_config.path}.{name}", f"'{name}' is not supported"


class CocoMetrics:
    """Collects groundtruth and detections image by image, then computes the metrics.

    `classes` maps class ids to names; objects of other classes do not count. Boxes are
    `[ymin, xmin, ymax, xmax]` in pixels of the stored image: COCO's size classes are areas in such pixels.
    """

    def __init__(self, classes: Mapping[int, str]) -> None:
        self._classes = dict(classes)
        self._images: list[dict[str, Any]] = []
        self._truths: list[dict[str, Any]] = []
        self._detections: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._images)

    def add_image(
        self,
        *,
        boxes: ArrayLike,
        classes: ArrayLike,
        detection_boxes: ArrayLike,
        detection_classes: ArrayLike,
        detection_scores: ArrayLike,
        is_crowd: ArrayLike | None = None,
        area: ArrayLike | None = None,
    ) -> None:
        """Add one image: groundtruth `boxes` [n, 4] and `classes` [n], detections [m, 4], [m], [m].

        A detection on a crowd (`is_crowd` [n]) counts neither for nor against. `area` [n], where positive,
        replaces the area of the box in the size classes.
        """
        image = len(self._images) + 1
        self._images.append({"id": image})
        for row, box, category, crowd, size in _objects(boxes, classes, is_crowd, area):
            self._truths.append(
                {
                    "id": len(self._truths) + 1,
                    "image_id": image,
                    "category_id": category,
                    "bbox": row,
                    "area": size if size > 0 else box,
                    "iscrowd": crowd,
                }
            )
        scores = np.asarray(detection_scores, np.float64).reshape(-1)
        found = _objects(detection_boxes, detection_classes, None, None)
        for (row, box, category, _, _), score in zip(found, scores, strict=True):
            self._detections.append(
                {
                    "id": len(self._detections) + 1,
                    "image_id": image,
                    "category_id": category,
                    "bbox": row,
                    "area": box,
                    "iscrowd": 0,
                    "score": float(score),
                }
            )

    def result(self, per_class: bool = False) -> dict[str, float]:
        """The metrics by name; with `per_class` the mAP of each class. Raises UserError without images."""
        if not self._images:
            raise UserError("there are no images to evaluate", hint="look at eval_input_reader")
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
            evaluation.summarize()
        values = {name: float(value) for name, value in zip(NAMES, evaluation.stats, strict=True)}
        if per_class:
            values.update(self._per_class(evaluation.eval["precision"]))
        return values

    def _per_class(self, precision: NDArray[np.float64]) -> dict[str, float]:
        """mAP of each class from precision [thresholds, recalls, classes, size classes, detection limits]."""
        values = {}
        for column, name in enumerate(self._classes.values()):
            of_class = precision[:, :, column, 0, -1]
            known = of_class[of_class > -1]
            values[f"{BY_CATEGORY}/mAP/{name}"] = float(known.mean()) if known.size else -1.0
        return values


def _objects(
    boxes: ArrayLike, classes: ArrayLike, is_crowd: ArrayLike | None, area: ArrayLike | None
) -> Iterator[tuple[list[float], float, int, int, float]]:
    """(COCO box [x, y, width, height], its area, class id, crowd flag, given area) of each object."""
    corners = np.asarray(boxes, np.float64).reshape(-1, 4)
    ids = np.asarray(classes, np.int64).reshape(-1)
    crowds = np.zeros(len(ids), np.int64) if is_crowd is None else np.asarray(is_crowd, np.int64).reshape(-1)
    areas = np.zeros(len(ids)) if area is None else np.asarray(area, np.float64).reshape(-1)
    for (ymin, xmin, ymax, xmax), category, crowd, size in zip(corners, ids, crowds, areas, strict=True):
        width, height = xmax - xmin, ymax - ymin
        row = [float(xmin), float(ymin), float(width), float(height)]
        yield row, float(width * height), int(category), int(crowd), float(size)
