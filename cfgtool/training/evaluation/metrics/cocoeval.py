"""What COCO, its masks, its keypoints and LVIS share: annotations as pycocotools takes them, and its counting."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cfgtool.errors import UserError
from cfgtool.training.evaluation.metrics.masks import Rle, areas

Kind = Literal["bbox", "segm", "keypoints"]
Annotation = dict[str, Any]
Counted = dict[str, NDArray[np.float64]]


class Annotations:
    """Groundtruth and detections of images, each numbered from 1."""

    def __init__(self, classes: Mapping[int, str]) -> None:
        """`classes` maps class ids to names; objects of other classes do not count."""
        self._classes = dict(classes)
        self._images: list[Annotation] = []
        self._truths: list[Annotation] = []
        self._found: list[Annotation] = []

    def __len__(self) -> int:
        return len(self._images)

    def start_image(self, size: Sequence[int] = ()) -> int:
        """The number of the next image; `size` is its (height, width), which masks need."""
        sides = dict(zip(("height", "width"), map(int, size), strict=True)) if size else {}
        self._images.append({"id": len(self._images) + 1, **sides})
        return len(self._images)

    def add_truth(self, objects: Sequence[Annotation]) -> None:
        """Objects to find, as `as_boxes` or `as_masks` makes them, with `iscrowd`."""
        start = len(self._truths) + 1
        self._truths += ({**one, "id": number} for number, one in enumerate(objects, start))

    def add_found(self, objects: Sequence[Annotation], scores: NDArray[np.float64]) -> None:
        """Detections of an image with their scores."""
        start = len(self._found) + 1
        for number, (one, score) in enumerate(zip(objects, scores.tolist(), strict=True), start):
            self._found.append({**one, "id": number, "iscrowd": 0, "score": score})

    def count(
        self,
        kind: Kind,
        *,
        most: int | None = None,
        sigmas: NDArray[np.float64] | None = None,
        forgiven: Callable[[int, int], bool] | None = None,
    ) -> Counted:
        """COCOeval's `precision` [thresholds, recalls, classes, sizes, limits] and `recall`, which lacks recalls.

        `most` detections of an image and class count, in place of COCO's limits; `sigmas` are those of the keypoints.
        Detections without an object do not count where `forgiven` says so of an image and a class. Raises UserError
        without images.
        """
        if not self._images:
            raise UserError("there are no images to evaluate", hint="look at eval_input_reader")
        from pycocotools.cocoeval import COCOeval

        with contextlib.redirect_stdout(io.StringIO()):
            evaluation = COCOeval(self._index(self._truths), self._index(self._found), kind)
            evaluation.params.imgIds = [image["id"] for image in self._images]
            evaluation.params.catIds = list(self._classes)
            if most is not None:
                evaluation.params.maxDets = [most]
            if sigmas is not None:
                evaluation.params.kpt_oks_sigmas = sigmas
            evaluation.evaluate()
            for result in evaluation.evalImgs if forgiven is not None else ():
                if result is not None and forgiven is not None:
                    lenient = forgiven(result["image_id"], result["category_id"])
                    result["dtIgnore"] |= (result["dtMatches"] == 0) & lenient
            evaluation.accumulate()
        return {name: evaluation.eval[name] for name in ("precision", "recall")}

    def _index(self, annotations: list[Annotation]) -> Any:
        from pycocotools.coco import COCO

        index = COCO()
        categories = [{"id": number, "name": name} for number, name in self._classes.items()]
        index.dataset = {"images": self._images, "annotations": annotations, "categories": categories}
        index.createIndex()
        return index


def as_boxes(image: int, boxes: NDArray[np.float64], classes: NDArray[np.int64]) -> Iterator[Annotation]:
    """Objects with these boxes [n, 4], as large as their boxes."""
    sizes = boxes[:, 2:] - boxes[:, :2]
    rows = np.concatenate([boxes[:, 1::-1], sizes[:, ::-1]], axis=1).tolist()
    for row, category in zip(rows, classes.tolist(), strict=True):
        yield {"image_id": image, "category_id": category, "bbox": row, "area": row[2] * row[3]}


def as_masks(image: int, masks: Sequence[Rle], classes: NDArray[np.int64]) -> Iterator[Annotation]:
    """Objects with these masks (n), as large as their masks."""
    for mask, area, category in zip(masks, areas(masks).tolist(), classes.tolist(), strict=True):
        yield {"image_id": image, "category_id": category, "segmentation": mask, "area": area}


def known_mean(values: Any) -> float:
    """The mean of the values that are not -1; -1 without any."""
    array = np.asarray(values)
    known = array[array > -1]
    return float(known.mean()) if known.size else -1.0
