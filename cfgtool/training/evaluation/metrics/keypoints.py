"""Metrics of the keypoints of one class as COCO defines them (https://cocodataset.org/#keypoints-eval).

The names are the OD API's, and the numbers those that it has under them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cfgtool.training.evaluation.metrics.cocoeval import Annotations, as_boxes, known_mean
from cfgtool.training.evaluation.metrics.image import Compared, ImageResult

SIGMA = 0.05
"""How far annotators are apart, relative to the root of an object's area, where the config does not say."""
_ALL, _MEDIUM, _LARGE = range(3)
_EVERY = slice(None)
_NUMBERS: dict[str, tuple[str, slice | int, int]] = {
    "Precision/mAP": ("precision", _EVERY, _ALL),
    "Precision/mAP@.50IOU": ("precision", 0, _ALL),
    "Precision/mAP@.75IOU": ("precision", 5, _ALL),
    "Precision/mAP (medium)": ("precision", _EVERY, _MEDIUM),
    "Precision/mAP (large)": ("precision", _EVERY, _LARGE),
    "Recall/AR@1": ("recall", _EVERY, _ALL),
    "Recall/AR@10": ("recall", 0, _ALL),
    "Recall/AR@100": ("recall", 5, _ALL),
    "Recall/AR@100 (medium)": ("recall", _EVERY, _MEDIUM),
    "Recall/AR@100 (large)": ("recall", _EVERY, _LARGE),
}
"""Name -> what to average of COCOeval's results: which array, thresholds, sizes of objects.

Of an image 20 detections count, always. The OD API has names for other limits, and the recalls over all thresholds, at
a similarity of 0.5 and at 0.75 in their places.
"""


class KeypointMetrics:
    """Collects the objects of one class and their keypoints image by image, then computes the metrics.

    Detections are compared by object keypoint similarity. Objects without a visible keypoint, and crowds, count
    neither for nor against.
    """

    compares: Compared = "keypoints"

    def __init__(
        self, number: int, name: str, keypoints: Mapping[str, int], sigmas: Mapping[str, float] | None = None
    ) -> None:
        """`number` and `name` are those of the class; `keypoints` maps the labels of its keypoints to their places among
        the keypoints of an object, `sigmas` labels to their spread.
        """
        self._number, self._name = number, name
        labels: Sequence[str] = sorted(keypoints, key=lambda label: keypoints[label])
        self._places = [keypoints[label] for label in labels]
        self._sigmas = np.array([sigmas[label] if sigmas else SIGMA for label in labels])
        self._annotations = Annotations({number: name})

    @property
    def names(self) -> list[str]:
        """The names of the metrics, the main one first."""
        return [f"Keypoints_{number} ByCategory/{self._name}" for number in _NUMBERS]

    def add(self, image: ImageResult) -> None:
        """Count one image."""
        number = self._annotations.start_image()
        rows = np.flatnonzero(image.classes == self._number)
        truths = list(as_boxes(number, image.boxes[rows], image.classes[rows]))
        for row, truth in zip(rows, truths, strict=True):
            visible = image.visible[row, self._places]
            truth["area"] = float(image.area[row]) if image.area[row] > 0.0 else truth["area"]
            truth["iscrowd"] = int(image.is_crowd[row])
            truth["keypoints"] = _triples(image.keypoints[row, self._places], visible)
            truth["num_keypoints"] = int(visible.sum())
        self._annotations.add_truth(truths)
        rows = np.flatnonzero(image.detection_classes == self._number)
        found = list(as_boxes(number, image.detection_boxes[rows], image.detection_classes[rows]))
        for row, detection in zip(rows, found, strict=True):
            points = image.detection_keypoints[row, self._places]
            detection["keypoints"] = _triples(points, np.ones(len(points), np.bool_))
        self._annotations.add_found(found, image.detection_scores[rows])

    def result(self) -> dict[str, float]:
        """The metrics by name. Raises UserError without images."""
        arrays = self._annotations.count("keypoints", sigmas=self._sigmas)
        values = [
            known_mean(arrays[array][..., size, 0][thresholds])
            for array, thresholds, size in _NUMBERS.values()
        ]
        return dict(zip(self.names, values, strict=True))


def _triples(points: np.ndarray, visible: np.ndarray) -> list[float]:
    """x, y and visibility of each keypoint in a row; 0, 0, 0 where it is not there."""
    rows = np.column_stack([points[:, ::-1], visible.astype(np.float64)])
    result: list[float] = np.where(visible[:, np.newaxis], rows, 0.0).reshape(-1).tolist()
    return result
