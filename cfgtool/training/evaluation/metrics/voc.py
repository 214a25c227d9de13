"""Average precision as PASCAL VOC defines it (Everingham et al. 2010), and the variants that the OD API names.

Values are fractions; NaN for a class without an object to find, and where no class has any.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import Enum

import numpy as np

from cfgtool.training.evaluation.metrics.image import Compared, ImageResult
from cfgtool.training.evaluation.metrics.matching import Floats, Judged, judge, with_masks

IOU = 0.5


class Unlabeled(Enum):
    """What becomes of detections of classes that nobody looked for in their image."""

    COUNT = 0
    """They are wrong, as everywhere else."""
    SKIP = 1
    """They do not count."""
    SKIP_UNLESS_BOXED = 2
    """They do not count, but a class with a box in the image was looked for."""


class VocMetrics:
    """Average precision at an intersection over union of 0.5, of each class and their mean."""

    def __init__(
        self,
        classes: Mapping[int, str],
        prefix: str = "PascalBoxes",
        *,
        masks: bool = False,
        pooled: bool = False,
        use_difficult: bool = True,
        group_weight: float | None = None,
        unlabeled: Unlabeled = Unlabeled.COUNT,
        recalls: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        """`classes` maps ids to names, `prefix` starts the names of the metrics.

        `masks` are compared in place of boxes. `pooled`: instead of the mean, the average precision of all detections
        together. `use_difficult`: the flags count. `group_weight`: what finding a group counts; None: groups are objects
        like any other. `recalls`: only the points of the curve between these two recalls count.
        """
        self.compares: Compared = "masks" if masks else "boxes"
        self._classes = {number: unicodedata.normalize("NFKD", name) for number, name in classes.items()}
        self._prefix, self._pooled, self._use_difficult = prefix, pooled, use_difficult
        self._group_weight, self._unlabeled, self._recalls = group_weight, unlabeled, recalls
        self._objects = np.zeros(max(classes, default=0) + 1)
        self._judged: list[Judged] = []

    @property
    def names(self) -> list[str]:
        """The names of the metrics, the main one first."""
        low, high = self._recalls
        band = f"@[{low:.1f},{high:.1f}]Recall" if (low, high) != (0.0, 1.0) else ""
        by_class = [
            f"{self._prefix}_PerformanceByCategory/AP@{IOU}IOU/{name}" for name in self._by_id().values()
        ]
        return [f"{self._prefix}_Precision/mAP@{IOU}IOU{band}", *by_class]

    def add(self, image: ImageResult) -> None:
        """Count one image."""
        groups = np.zeros_like(image.group_of) if self._group_weight is None else image.group_of
        difficult = image.difficult if self._use_difficult else np.zeros_like(image.difficult)
        masks = self.compares == "masks"
        known = np.isin(image.classes, list(self._classes))
        if masks:
            known &= with_masks(image)
        for chosen, weight in ((~groups, 1.0), (groups, self._group_weight or 0.0)):
            counted = image.classes[known & ~difficult & chosen]
            self._objects += weight * np.bincount(counted, minlength=len(self._objects))
        weight = self._group_weight or 0.0
        judged = judge(self._of_interest(image), IOU, difficult, groups, weight, masks=masks)
        self._judged.append(judged)

    def result(self) -> dict[str, float]:
        """The metrics by name."""
        columns = zip(*self._judged, strict=True) if self._judged else ([np.empty(0)],) * 3
        judged = Judged(*(np.concatenate(list(column)) for column in columns))
        found, scores, worth = [], [], []
        for number in self._by_id():
            mask = judged.classes == number
            found.append(
                average_precision(
                    judged.scores[mask], judged.worth[mask], self._objects[number], self._recalls
                )
            )
            if self._objects[number]:
                scores.append(judged.scores[mask])
                worth.append(judged.worth[mask])
        known = [value for value in found if not np.isnan(value)]
        main = float(np.mean(known)) if known else np.nan
        if self._pooled and known:
            objects = float(self._objects.sum())
            main = average_precision(np.concatenate(scores), np.concatenate(worth), objects, self._recalls)
        return dict(zip(self.names, [main, *found], strict=True))

    def _by_id(self) -> dict[int, str]:
        return dict(sorted(self._classes.items()))

    def _of_interest(self, image: ImageResult) -> ImageResult:
        """The image with the detections that count."""
        if self._unlabeled is Unlabeled.COUNT:
            return image
        kept = image.looked_for(boxed_too=self._unlabeled is Unlabeled.SKIP_UNLESS_BOXED)
        return image.with_detections(kept)


def average_precision(
    scores: Floats, worth: Floats, objects: float, recalls: tuple[float, float] = (0.0, 1.0)
) -> float:
    """The area under the curve of precision over recall, precision made to fall monotonically; NaN without objects.

    `scores` [m] of the detections and what each counts as, `worth` [m]: 0 wrong, more if right; equal scores stay in the
    order given. `objects` is what there is to find. Points with a recall outside `recalls` are left out: beyond the
    last one, precision is 0.
    """
    if not objects:
        return float("nan")
    right = worth[np.argsort(-scores, kind="stable")]
    hits = np.cumsum(right)
    precision = hits / (hits + np.cumsum(right <= 0.0))
    recall = hits / objects
    inside = (recall >= recalls[0]) & (recall <= recalls[1])
    heights = np.maximum.accumulate(np.append(precision[inside], 0.0)[::-1])[::-1]
    return float(np.sum(np.diff(recall[inside], prepend=0.0) * heights[:-1]))
