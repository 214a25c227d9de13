"""CenterNet models recorded from the OD API: outputs of their heads, losses and detections."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import tensorflow as tf

from cfgtool.networks.center_net.detector import center_net
from cfgtool.networks.heads.center_net import read_heads
from cfgtool.schema import Config, read_config
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import apply_edits, parse
from cfgtool.training.detectors.center_net.detector import CenterNetDetector
from cfgtool.training.input.preprocess import Preprocessor
from cfgtool.training.tensor_ops import TensorOps
from cfgtool.training.tensors import build_detector

WIDTH = 5
"""Rows for the objects of an image, some of them empty."""


class Recording:
    """One recorded model, `prefix` its files without their endings."""

    def __init__(self, prefix: Path) -> None:
        self.arrays = np.load(f"{prefix}.npz")
        self.facts = json.loads(Path(f"{prefix}.json").read_text())
        text = Path(f"{prefix}.config").read_text()
        label_map = Path(f"{prefix}.label_map.pbtxt")
        if label_map.exists():
            value = f'"{label_map}"'
            text = apply_edits(
                text, set_value(parse(text), "model.center_net.keypoint_label_map_path", value)
            )
        self.config: Config = read_config(parse(text))

    def detector(self) -> CenterNetDetector:
        return CenterNetDetector(self.config.find("model.center_net"))

    def outputs(self, inputs: ModuleType) -> list[dict[str, tf.Tensor]]:
        """Recorded outputs of the heads, and those of our network where the recording has only samples of them."""
        counts = {"/m/01g317": 17}
        names = [head.name for head in read_heads(self.config.find("model.center_net"), counts)]
        stacks = sum(1 for key in self.arrays.files if key.startswith("predict/object_center/"))
        whole = [
            {
                name: tf.constant(self.arrays[f"predict/{name}/{stack}"])
                for name in names
                if f"predict/{name}/{stack}" in self.arrays
            }
            for stack in range(stacks)
        ]
        if all(len(heads) == len(names) for heads in whole):
            return whole
        return [{**ours, **heads} for ours, heads in zip(self._computed(inputs), whole, strict=True)]

    def _computed(self, inputs: ModuleType) -> list[dict[str, tf.Tensor]]:
        network = build_detector(self.config)
        for variable in network.weights.described:
            value = inputs.weight(str(variable.tf2_key).removeprefix("model/"), variable.shape)
            if variable.name.endswith("/gamma"):
                value = value * np.float32(self.facts["gamma_factor"])
            network.weights.assign({variable.name: value})
        preprocess = Preprocessor(self.config.message("model"))
        images = inputs.image(*self.facts["input_image"])
        image = tf.stack([preprocess(tf.constant(one))[0] for one in images])
        ops = TensorOps(network.weights, training=False)
        return center_net(ops, self.config.find("model.center_net"), image, network.keypoints)

    def batch(self) -> dict[str, tf.Tensor]:
        """The recorded groundtruth as a batch of the input pipeline."""
        boxes = self._padded("boxes", np.zeros([2, WIDTH, 4], np.float32))
        one_hot = self._padded("classes", np.zeros([2, WIDTH, 3], np.float32))
        counts = [len(rows) for rows in self._rows("boxes")]
        batch = {
            "boxes": boxes,
            "classes": np.where(one_hot.any(axis=-1), one_hot.argmax(axis=-1), -1).astype(np.int32),
            "weights": self._padded("weights", np.zeros([2, WIDTH], np.float32)),
            "num_boxes": np.array(counts, np.int32),
            "true_image_shape": self.arrays["true_image_shapes"],
        }
        if "input/groundtruth_keypoints_list/0" in self.arrays:
            batch["keypoints"] = self._padded("keypoints", np.zeros([2, WIDTH, 17, 2], np.float32))
        return {name: tf.constant(value) for name, value in batch.items()}

    def _rows(self, name: str) -> list[np.ndarray]:
        return [self.arrays[f"input/groundtruth_{name}_list/{image}"] for image in range(2)]

    def _padded(self, name: str, into: np.ndarray) -> np.ndarray:
        for image, rows in enumerate(self._rows(name)):
            into[image, : len(rows)] = rows
        return into
