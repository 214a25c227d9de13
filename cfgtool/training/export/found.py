"""What a model finds on an image, as it gives it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cfgtool.training.evaluation.pasting import paste
from cfgtool.training.run.drawing import Boxes

Array = npt.NDArray[Any]


class Found(NamedTuple):
    """Detections of one image, best first.

    `boxes` [n, 4] as fractions of the image, `classes` int64 [n] from 1, `scores` [n]; `masks` [n, h, w] within the
    boxes, `keypoints` [n, k, 2] as fractions of the image (y, x) and `keypoint_scores` [n, k] where the model has them.
    """

    boxes: Array
    classes: npt.NDArray[np.int64]
    scores: Array
    masks: Array | None = None
    keypoints: Array | None = None
    keypoint_scores: Array | None = None

    def best(self, min_score: float) -> Found:
        """Those of at least `min_score`."""
        kept = self.scores >= min_score
        return self._replace(
            **{name: values[kept] for name, values in self._asdict().items() if values is not None}
        )

    def drawn(self, size: tuple[int, int], min_score: float) -> Boxes:
        """What to draw on an image of `size` (height, width); keypoints of a lower score are left out."""
        masks, points = None, self.keypoints
        if self.masks is not None:
            masks = np.zeros((len(self.boxes), *size), np.uint8)
            for canvas, mask, box in zip(masks, self.masks, self.boxes, strict=True):
                paste(mask, box, canvas)
        if points is not None and self.keypoint_scores is not None:
            points = np.where(self.keypoint_scores[..., np.newaxis] >= min_score, points, np.nan)
        return Boxes(self.boxes, self.classes, self.scores, masks, points, by_object=True)


def in_order(
    boxes: Array,
    classes: Array,
    scores: Array,
    masks: Array | None = None,
    keypoints: Array | None = None,
    keypoint_scores: Array | None = None,
) -> Found:
    """The detections, best first."""
    order = np.argsort(-scores, kind="stable")
    more = (None if values is None else values[order] for values in (masks, keypoints, keypoint_scores))
    return Found(boxes[order], classes[order].astype(np.int64), scores[order], *more)
