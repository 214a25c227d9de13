"""Both stages of Faster R-CNN on ResNet V1 against those of the OD API on the same weights and images.

The second stage is computed on recorded proposals: those of the network itself may come in another order. Proposals
that touch the lower or right edge are left out: which side of the edge their last samples lie on is a matter of the last
bit, and beyond it there is nothing but zeros.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

pytest.importorskip("tensorflow")

import numpy as np
import tensorflow as tf

from cfgtool.networks.extractors import EXTRACTORS
from cfgtool.networks.faster_rcnn import resnet_v1, resnet_v1_fpn
from cfgtool.networks.faster_rcnn.extractor import Family, FasterRcnnExtractor
from cfgtool.networks.hyperparams import Generation
from cfgtool.networks.shapes import ShapeOps
from cfgtool.training.detectors.normalisation import CENTRED
from cfgtool.training.tensor_ops import TensorOps
from cfgtool.training.tensor_weights import Weights

from . import reference

pytestmark = [pytest.mark.reference, pytest.mark.slow]

TOLERANCE = 1e-4
"""Of the standard deviation of a tensor."""
TF1 = "golden_tf1/faster_rcnn_resnet50_coco"
PLAIN = [
    "golden/faster_rcnn_resnet50_v1",
    "golden/faster_rcnn_resnet50_v1__g05",
    "golden/faster_rcnn_resnet50_v1__g05__rect",
    TF1,
]
PYRAMID = "golden/faster_rcnn_resnet50_v1_fpn"
CROPS = 60
"""How many proposals are looked at."""


class Stages:
    """The feature extractor of a golden's config, with the golden's weights."""

    def __init__(self, path: Path, module: ModuleType, generation: Generation | None = None) -> None:
        self.golden = np.load(path.with_name(f"{path.name}.npz"))
        self.facts = json.loads(path.with_name(f"{path.name}.json").read_text())
        self.config = reference.read(path.with_name(f"{path.name}.config")).find("model.faster_rcnn")
        message = self.config.message("feature_extractor")
        kind = EXTRACTORS[message.text("type")]
        self.extractor = FasterRcnnExtractor(kind, generation or cast(Generation, kind.generation), message)
        self.family = cast(Family, resnet_v1_fpn if "fpn" in kind.type else resnet_v1)
        shapes = ShapeOps()
        maps = self.family.proposal_features(shapes, (1, 256, 256, 3), self.extractor)
        self.family.box_features(shapes, (1, 7, 7, maps[0][3]), self.extractor)
        self.weights = Weights(shapes.variables.values())
        factor = np.float32(self.facts.get("gamma_factor", 1.0))
        for variable in self.weights.described:
            name = variable.tf1_name if path.parent.name == "golden_tf1" else variable.tf2_key
            value = module.weight(str(name).removeprefix("model/"), variable.shape)
            gamma = variable.name.endswith("/gamma")
            self.weights.assign({variable.name: value * factor if gamma else value})
        self.ops = TensorOps(self.weights, training=False)
        height, width = self.facts.get("input_image", (256, 256))
        # The image is padded before its mean is taken away.
        padded = np.zeros((2, 256, 256, 3), np.uint8)
        padded[:, :height, :width] = module.image(height, width)
        self.maps = self.family.proposal_features(self.ops, CENTRED.apply(padded), self.extractor)

    def proposals(self) -> np.ndarray:
        """Numbers of proposals, counted over both images, that end inside the image."""
        boxes = self.golden["predict/proposal_boxes_normalized"].reshape(-1, 4)
        inside = np.flatnonzero((boxes[:, 2:] < 1.0).all(axis=1))
        return inside[:: len(inside) // CROPS]

    def crops(self, proposals: np.ndarray) -> tf.Tensor:
        """These proposals, cut out of the map."""
        boxes = self.golden["predict/proposal_boxes_normalized"]
        size = self.config.integer("initial_crop_size")
        crops = tf.image.crop_and_resize(
            self.maps[0], boxes.reshape(-1, 4)[proposals], proposals // boxes.shape[1], [size, size]
        )
        kernel, stride = (self.config.integer(f"maxpool_{name}") for name in ("kernel_size", "stride"))
        return self.ops.max_pool(crops, kernel, stride=stride)


@pytest.fixture(scope="module")
def stages(shared: Path) -> Callable[[str], Stages]:
    """The stages of a golden by its name, computed once."""
    module, known = reference.inputs(shared), {}

    def find(name: str) -> Stages:
        if name not in known:
            known[name] = Stages(shared / "oracle" / name, module)
        return known[name]

    return find


def difference(golden: Any, key: str, got: np.ndarray, entries: np.ndarray | None = None) -> float:
    """The largest difference from the recorded values, relative to their standard deviation; where `got` has
    some `entries` of the tensor only, from the values there.
    """
    shape, want = golden[f"{key}__shape"], golden[f"{key}__values"]
    entries = np.arange(shape[0]) if entries is None else entries
    assert got.shape == (len(entries), *shape[1:])
    entry, place = np.divmod(golden[f"{key}__indices"], np.prod(shape[1:]))
    chosen = np.isin(entry, entries)
    assert chosen.sum() > 2 * len(entries)
    values = got.reshape(len(got), -1)[np.searchsorted(entries, entry[chosen]), place[chosen]]
    return float(np.abs(values - want[chosen]).max() / want.std())


@pytest.mark.parametrize("name", [*PLAIN, PYRAMID])
def test_maps_of_the_first_stage(stages: Callable[[str], Stages], name: str) -> None:
    found = stages(name)
    for level, feature_map in enumerate(found.maps):
        key = f"predict/rpn_features_to_crop/{level}"
        assert difference(found.golden, key, feature_map.numpy()) < TOLERANCE, level
    assert f"predict/rpn_features_to_crop/{len(found.maps)}__shape" not in found.golden


@pytest.mark.parametrize("name", PLAIN)
def test_box_features_of_the_second_stage(stages: Callable[[str], Stages], name: str) -> None:
    found = stages(name)
    proposals = found.proposals()
    features = found.family.box_features(found.ops, found.crops(proposals), found.extractor)
    key = "predict/box_classifier_features"
    assert difference(found.golden, key, features.numpy(), proposals) < TOLERANCE
