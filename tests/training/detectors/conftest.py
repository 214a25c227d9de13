"""SSD models recorded from the OD API: predictions, targets, losses and detections."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.detectors.ssd import BOX_ENCODINGS, CLASS_PREDICTIONS, SsdDetector
from cfgtool.training.targets.assigner import Groundtruth


class Recording:
    """One recorded model. Arrays that were too long are stored as a sample of their elements."""

    def __init__(self, prefix: Path) -> None:
        self.arrays = np.load(prefix.with_suffix(".npz"))
        self.stats = json.loads(prefix.with_suffix(".json").read_text())["stats"]
        self.config = read_config(parse(prefix.with_suffix(".config").read_text())).find("model.ssd")

    def detector(self, **options: Any) -> SsdDetector:
        maps = [key for key in self.stats if key.startswith("predict/feature_maps/")]
        shapes = [
            tuple(self.stats[f"predict/feature_maps/{level}"]["shape"][1:3]) for level in range(len(maps))
        ]
        image = self.stats.get("predict/preprocessed_inputs") or self.stats["preprocessed"]
        return SsdDetector(self.config, tuple(image["shape"][1:3]), shapes, **options)

    def predictions(self) -> dict[str, tf.Tensor]:
        codes = self.arrays[f"predict/{BOX_ENCODINGS}"]
        codes = codes.reshape(codes.shape[0], codes.shape[1], -1)
        return {
            BOX_ENCODINGS: tf.constant(codes),
            CLASS_PREDICTIONS: tf.constant(self.arrays[f"predict/{CLASS_PREDICTIONS}"]),
        }

    def anchors(self) -> np.ndarray:
        return self.arrays["predict/anchors" if "predict/anchors" in self.arrays else "anchors"]

    def stored(self, name: str, like: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The recorded array, and what of `like` to compare with it."""
        if name in self.arrays:
            return self.arrays[name], like
        return self.arrays[f"{name}__values"], like.reshape(-1)[self.arrays[f"{name}__indices"]]

    def groundtruth(self, width: int = 5) -> Groundtruth:
        boxes = np.zeros((2, width, 4), np.float32)
        classes = np.full((2, width), -1, np.int32)
        weights = np.zeros((2, width), np.float32)
        counts = []
        for image in range(2):
            found = self.arrays[f"input/groundtruth_boxes_list/{image}"]
            counts.append(len(found))
            boxes[image, : len(found)] = found
            classes[image, : len(found)] = self.arrays[f"input/groundtruth_classes_list/{image}"].argmax(
                axis=1
            )
            weights[image, : len(found)] = self.arrays[f"input/groundtruth_weights_list/{image}"]
        return Groundtruth(
            *(tf.constant(value) for value in (boxes, classes, weights, np.array(counts, np.int32)))
        )


@pytest.fixture(scope="session")
def recording(shared: Path) -> Callable[[str], Recording]:
    """`recording("golden/ssd_mobilenet_v2")`."""
    return lambda name: Recording(shared / "oracle" / name)
