"""Average precision of masks on data of which each image is labelled for some classes only (Gupta et al. 2019).

pycocotools does the counting; LVIS differs in which detections count, in how many, and in what is averaged. Names are
the OD API's; values are fractions, -1 where there is no groundtruth to compare with.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cfgtool.training.evaluation.metrics.cocoeval import Annotations, as_boxes, as_masks, known_mean
from cfgtool.training.evaluation.metrics.image import Compared, ImageResult
from cfgtool.training.evaluation.metrics.masks import areas

MOST_DETECTIONS = 300
"""So many detections of an image count, the best ones of all classes."""
FREQUENCIES = {"RARE": "r", "COMMON": "c", "FREQUENT": "f"}
"""`frequency` of a label map's item -> how the metric of its classes is called."""
_EVERY = slice(None)
_SIZES = {"s": 1, "m": 2, "l": 3}
_PREFIX = "DetectionMasks_"


class LvisMetrics:
    """Collects masks image by image, then computes the metrics.

    Detections of a class count in images that have an object of it, and in those of which it is known that they have
    none. One without an object is no mistake where not every object of its class is labelled. Empty masks do not count.
    """

    compares: Compared = "masks"

    def __init__(self, classes: Mapping[int, str], frequencies: Mapping[int, str]) -> None:
        """`classes` maps class ids to names, `frequencies` to one of `FREQUENCIES`: in how many images they are."""
        columns = sorted(classes)  # the order of COCOeval's columns
        self._columns = {
            letter: [column for column, number in enumerate(columns) if frequencies.get(number) == frequency]
            for frequency, letter in FREQUENCIES.items()
        }
        self._annotations = Annotations(classes)
        self._inexhaustive: set[tuple[int, int]] = set()

    @property
    def names(self) -> list[str]:
        """The names of the metrics, the main one first."""
        precisions = ["AP", "AP50", "AP75", "APs", "APm", "APl", "APr", "APc", "APf"]
        recalls = [f"AR{size}@{MOST_DETECTIONS}" for size in ("", *_SIZES)]
        return [f"{_PREFIX}{name}" for name in (*precisions, *recalls)]

    def add(self, image: ImageResult) -> None:
        """Count one image."""
        masks = [*image.masks, *image.detection_masks]
        number = self._annotations.start_image(masks[0]["size"] if masks else ())
        self._inexhaustive.update((number, id_) for id_ in _ids(image.inexhaustive))
        truths = list(as_boxes(number, image.boxes, image.classes))
        for truth, mask, area in zip(truths, image.masks, image.area.tolist(), strict=True):
            truth |= {"segmentation": mask, "iscrowd": 0, "area": area if area > 0.0 else truth["area"]}
        self._annotations.add_truth(truths)
        image = image.with_detections(_best(image.detection_scores))
        known = np.isin(image.detection_classes, [*image.classes.tolist(), *_ids(image.absent)])
        image = image.with_detections(known & (areas(image.detection_masks) > 0.0))
        found = list(as_masks(number, image.detection_masks, image.detection_classes))
        self._annotations.add_found(found, image.detection_scores)

    def result(self) -> dict[str, float]:
        """The metrics by name. Raises UserError without images."""
        arrays = self._annotations.count(
            "segm",
            most=MOST_DETECTIONS,
            forgiven=lambda image, number: (image, number) in self._inexhaustive,
        )
        precision, recall = arrays["precision"][..., 0], arrays["recall"][..., 0]
        values = [known_mean(precision[thresholds][..., 0]) for thresholds in (_EVERY, 0, 5)]
        values += [known_mean(precision[..., size]) for size in _SIZES.values()]
        values += [known_mean(precision[..., columns, 0]) for columns in self._columns.values()]
        values += [known_mean(recall[..., size]) for size in (0, *_SIZES.values())]
        return dict(zip(self.names, values, strict=True))


def _ids(flags: NDArray[np.bool_] | None) -> list[int]:
    """The class ids of flags [num_classes]."""
    return [] if flags is None else (np.flatnonzero(flags) + 1).tolist()


def _best(scores: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of the detections are among those that count."""
    kept = np.zeros(len(scores), np.bool_)
    kept[np.argsort(-scores, kind="stable")[:MOST_DETECTIONS]] = True
    return kept
