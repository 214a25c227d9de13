"""All stages of Faster R-CNN against those of the OD API on the same weights, images and proposals.

The later stages are computed on recorded proposals, because those of the network itself may come in another order.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest

pytest.importorskip("tensorflow")

import numpy as np
import tensorflow as tf

from cfgtool.networks.faster_rcnn.detector import (
    FirstStage,
    box_features,
    first_stage,
    second_stage,
    third_stage,
)
from cfgtool.training.input.preprocess import normalisation
from cfgtool.training.tensor_ops import TensorOps
from cfgtool.training.tensors import Detector, build_detector

from . import reference

pytestmark = [pytest.mark.reference, pytest.mark.slow]

TOLERANCE = 1e-4
"""Of the standard deviation of a tensor."""
BOXES = 12
"""How many boxes of an image are looked at."""
MASKS = "golden/mask_rcnn_inception_resnet_v2"
LARGE = "golden/faster_rcnn_resnet50_v1"
"""Features of up to 1e5, of which the ReLU6 of the RPN leaves the sign: what lies between 0 and 6 is rounding."""
GOLDENS = [
    "golden_tf1/faster_rcnn_inception_resnet_v2_atrous_coco",
    "golden_tf1/faster_rcnn_inception_resnet_v2_atrous_coco__stride16",
    "golden_tf1/faster_rcnn_resnet50_coco",
    LARGE,
    "golden/faster_rcnn_resnet50_v1__g05",
    "golden/faster_rcnn_resnet50_v1__g05__rect",
    "golden/faster_rcnn_resnet50_v1_fpn",
    MASKS,
]


class Run(NamedTuple):
    """A golden's network after its first stage."""

    golden: Any
    detector: Detector
    ops: TensorOps
    first: FirstStage[tf.Tensor]

    def later(self, boxes: np.ndarray) -> tf.Tensor:
        """The second stage's features of `boxes` [images, boxes, 4]."""
        config, generation = (
            self.detector.config.find("model.faster_rcnn"),
            self.detector.description.generation,
        )
        return box_features(self.ops, config, self.first, tf.constant(boxes), generation)


@pytest.fixture(scope="module")
def run(shared: Path) -> Callable[..., Run]:
    """A golden's network by its name, as its own generation or another one builds it, run once."""
    module, known = reference.inputs(shared), {}

    def make(name: str, form: Literal["auto", "tf1", "tf2"]) -> Run:
        path = shared / "oracle" / name
        detector = build_detector(reference.read(path.with_name(f"{path.name}.config")), generation=form)
        facts = json.loads(path.with_name(f"{path.name}.json").read_text())
        factor = np.float32(facts.get("gamma_factor", 1.0))
        for variable in detector.description.variables:
            key = variable.tf1_name if path.parent.name == "golden_tf1" else variable.tf2_key
            value = module.weight(str(key).removeprefix("model/"), variable.shape)
            detector.weights.assign(
                {variable.name: value * factor if variable.name.endswith("/gamma") else value}
            )
        height, width = facts.get("input_image", (256, 256))
        # The image is padded before it is scaled.
        padded = np.zeros((2, 256, 256, 3), np.uint8)
        padded[:, :height, :width] = module.image(height, width)
        ops = TensorOps(detector.weights, training=False)
        config, generation = detector.config.find("model.faster_rcnn"), detector.description.generation
        golden = np.load(path.with_name(f"{path.name}.npz"))
        image = normalisation(config)(tf.constant(padded))
        return Run(golden, detector, ops, first_stage(ops, config, image, generation))

    def find(name: str, form: Literal["auto", "tf1", "tf2"] = "auto") -> Run:
        if (name, form) not in known:
            known[name, form] = make(name, form)
        return known[name, form]

    return find


def error(golden: Any, key: str, got: np.ndarray, rows: np.ndarray | None = None) -> float:
    """The largest difference from the recorded tensor, relative to its standard deviation; `got` may be some `rows`
    of it.
    """
    if key in golden:
        want = golden[key] if rows is None else golden[key][rows]
        return float(np.abs(got.reshape(want.shape) - want).max() / golden[key].std())
    shape, want = golden[f"{key}__shape"], golden[f"{key}__values"]
    rows = np.arange(shape[0]) if rows is None else rows
    assert got.shape == (len(rows), *shape[1:])
    row, place = np.divmod(golden[f"{key}__indices"], np.prod(shape[1:]))
    known = np.isin(row, rows)
    assert known.sum() > len(rows)
    found = got.reshape(len(rows), -1)[np.searchsorted(rows, row[known]), place[known]]
    return float(np.abs(found - want[known]).max() / want.std())


def chosen(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Some boxes of each image, spread over all of them, and their numbers counted over the images."""
    count = boxes.shape[1]
    some = np.linspace(0, count - 1, BOXES).astype(int)
    return boxes[:, some], np.concatenate([image * count + some for image in range(len(boxes))])


@pytest.mark.parametrize("name", GOLDENS)
def test_the_first_stage(run: Callable[..., Run], name: str) -> None:
    found = run(name)
    proposals = found.first.proposals
    for level, feature_map in enumerate(found.first.maps):
        assert error(found.golden, f"predict/rpn_features_to_crop/{level}", feature_map.numpy()) < TOLERANCE
        if name == LARGE:
            continue
        features = proposals.feature_maps[level].numpy()
        assert error(found.golden, f"predict/rpn_box_predictor_features/{level}", features) < TOLERANCE
    if name != LARGE and len(proposals.box_encodings[0]) == len(found.golden["predict/anchors"]):
        assert error(found.golden, "predict/rpn_box_encodings", proposals.box_encodings.numpy()) < TOLERANCE
        key = "predict/rpn_objectness_predictions_with_background"
        assert error(found.golden, key, proposals.class_predictions.numpy()) < TOLERANCE
    assert found.detector.description.anchors == len(proposals.box_encodings[0])


@pytest.mark.parametrize("name", GOLDENS)
def test_the_second_stage(run: Callable[..., Run], name: str) -> None:
    found = run(name)
    boxes, rows = chosen(found.golden["predict/proposal_boxes_normalized"])
    features = found.later(boxes)
    assert error(found.golden, "predict/box_classifier_features", features.numpy(), rows) < TOLERANCE
    config, generation = (
        found.detector.config.find("model.faster_rcnn"),
        found.detector.description.generation,
    )
    second = second_stage(found.ops, config, features, tf.constant(boxes), generation)
    assert (
        error(found.golden, "predict/refined_box_encodings", second.box_encodings.numpy(), rows) < TOLERANCE
    )
    key = "predict/class_predictions_with_background"
    assert error(found.golden, key, second.class_predictions.numpy(), rows) < TOLERANCE


@pytest.mark.parametrize(
    ("boxes", "key"),
    [
        ("predict/detection_boxes", "predict/mask_predictions"),
        ("predict_train/proposal_boxes_normalized", "predict_train/mask_predictions"),
    ],
)
def test_masks(run: Callable[..., Run], boxes: str, key: str) -> None:
    """Of the detected boxes in evaluation, of the sampled proposals in training."""
    found = run(MASKS)
    some, rows = chosen(found.golden[boxes])
    config, generation = (
        found.detector.config.find("model.faster_rcnn"),
        found.detector.description.generation,
    )
    masks = third_stage(found.ops, config, found.later(some), generation)
    assert error(found.golden, key, tf.transpose(masks, [0, 3, 1, 2]).numpy(), rows) < TOLERANCE


def test_generations_of_resnet_differ_in_the_second_stage_only(run: Callable[..., Run]) -> None:
    """Slim has its strides at the end of a block, Keras at the start of the next one: the same sums in another
    order. The block of the second stage keeps its stride in Keras and loses it in slim.
    """
    slim, keras = (run("golden_tf1/faster_rcnn_resnet50_coco", form) for form in ("tf1", "tf2"))
    ours, theirs = (found.first.maps[0].numpy() for found in (slim, keras))
    assert np.abs(ours - theirs).max() < TOLERANCE * ours.std()
    boxes, _ = chosen(slim.golden["predict/proposal_boxes_normalized"])
    assert [found.later(boxes).shape[1:3] for found in (slim, keras)] == [(7, 7), (4, 4)]
