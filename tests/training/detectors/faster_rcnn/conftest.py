"""Recorded raw predictions of the OD API in the place of a network, and samplers that draw in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.training.detectors.faster_rcnn.box_classifier import RawBoxes
from cfgtool.training.detectors.faster_rcnn.detector import FasterRcnnDetector, Truth
from cfgtool.training.targets import sampling
from cfgtool.training.targets.assigner import Groundtruth

from ... import reference


class RecordedNetwork:
    """The raw outputs under `stage` of a golden; the later stages answer for the boxes that were recorded."""

    def __init__(self, arrays: Any, stage: str) -> None:
        self._arrays, self._stage = arrays, stage
        self.image = (256, 256)
        levels = sum(key.startswith("predict/feature_maps/") and key.endswith("__shape") for key in arrays)
        shapes = [arrays[f"predict/feature_maps/{level}__shape"] for level in range(levels)]
        self.maps = [(int(shape[1]), int(shape[2])) for shape in shapes]
        self.codes = tf.constant(arrays["predict/rpn_box_encodings"])
        self.logits = tf.constant(arrays["predict/rpn_objectness_predictions_with_background"])
        self.asked: list[Any] = []

    def features(self, boxes: Any, count: Any) -> Any:
        del count
        self.asked.append(boxes.numpy())
        return tf.zeros([0])

    crops = features

    def predict(self, features: Any, boxes: Any) -> RawBoxes:
        del features
        batch, count = boxes.shape[:2]
        codes = self._arrays[f"{self._stage}/refined_box_encodings"]
        logits = self._arrays[f"{self._stage}/class_predictions_with_background"]
        return RawBoxes(*(tf.reshape(x, [batch, count, *x.shape[1:]]) for x in (codes, logits)))

    def masks(self, features: Any, boxes: Any) -> Any:
        """Zeros where not all was recorded."""
        del features
        batch, count = boxes.shape[:2]
        key = f"{self._stage}/mask_predictions"
        shape = self._arrays[f"{key}__shape"] if key not in self._arrays else self._arrays[key].shape
        masks = self._arrays[key] if key in self._arrays else np.zeros(shape, np.float32)
        return tf.reshape(np.moveaxis(masks, 1, -1), [batch, count, *shape[2:], shape[1]])


class Recording:
    """A golden of the OD API."""

    def __init__(self, path: Path) -> None:
        self.arrays = np.load(path.with_name(f"{path.name}.npz"))
        self.config = reference.read(path.with_name(f"{path.name}.config"))
        self.detector = FasterRcnnDetector(self.config.find("model.faster_rcnn"))
        self.shapes = tf.constant(self.arrays["true_image_shapes"])

    def network(self, stage: str = "predict") -> RecordedNetwork:
        return RecordedNetwork(self.arrays, stage)

    def truth(self, width: int = 4) -> Truth:
        """The groundtruth, padded to `width` boxes; a mask is all pixels whose centres lie in the box."""
        lists = [
            [self.arrays[f"input/groundtruth_{name}_list/{i}"] for i in range(2)]
            for name in ("boxes", "classes", "weights")
        ]
        boxes, weights = np.zeros((2, width, 4), np.float32), np.zeros((2, width), np.float32)
        classes, counts = np.full((2, width), -1, np.int32), [len(rows) for rows in lists[0]]
        for image, count in enumerate(counts):
            boxes[image, :count] = lists[0][image]
            classes[image, :count] = lists[1][image].argmax(axis=1)
            weights[image, :count] = lists[2][image]
        groundtruth = Groundtruth(*map(tf.constant, (boxes, classes, weights, np.array(counts, np.int32))))
        return Truth(groundtruth, tf.constant(box_masks(boxes, 256, 256)))

    def stored(self, key: str, value: np.ndarray[Any, Any]) -> tuple[Any, Any]:
        """What was recorded under a key, and our value at the same places."""
        if key in self.arrays:
            return self.arrays[key], value
        assert tuple(self.arrays[f"{key}__shape"]) == value.shape
        return self.arrays[f"{key}__values"], value.reshape(-1)[self.arrays[f"{key}__indices"]]


def box_masks(boxes: np.ndarray[Any, Any], height: int, width: int) -> np.ndarray[Any, Any]:
    """uint8 [..., height, width]: 1 where the pixel's centre lies in the box [..., 4]."""
    y = (np.arange(height, dtype=np.float32) + 0.5) / height
    x = (np.arange(width, dtype=np.float32) + 0.5) / width
    top, left, bottom, right = (boxes[..., side, np.newaxis] for side in range(4))
    rows, columns = (y >= top) & (y < bottom), (x >= left) & (x < right)
    return (rows[..., :, np.newaxis] & columns[..., np.newaxis, :]).astype(np.uint8)


@pytest.fixture(scope="session")
def recording(shared: Path) -> Callable[[str], Recording]:
    known: dict[str, Recording] = {}

    def find(name: str) -> Recording:
        if name not in known:
            known[name] = Recording(shared / "oracle" / name)
        return known[name]

    return find


@pytest.fixture
def in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samplers take the first boxes of each kind, as those of the recordings did."""
    monkeypatch.setattr(sampling, "random_order", lambda shape, seed: tf.zeros(shape))
