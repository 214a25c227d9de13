"""Settings of Faster R-CNN on made-up outputs against what the OD API answers, in TF1 and in TF2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.detectors.faster_rcnn.box_classifier import RawBoxes
from cfgtool.training.detectors.faster_rcnn.detector import FasterRcnnDetector, Truth
from cfgtool.training.targets.assigner import Groundtruth

from . import cases

RECORDED = Path(__file__).parents[2] / "recorded"
ANSWERS = {
    generation: json.loads((RECORDED / f"faster_rcnn_cases_{generation}.json").read_text())
    for generation in ("tf1", "tf2")
}
EXACT = ("detection_classes", "num_detections", "detection_anchor_indices", "num_proposals")

pytestmark = pytest.mark.usefixtures("in_order")


class MadeUpNetwork:
    """Answers out of the arrays of a case, for so many boxes as it is asked for."""

    def __init__(self, case: cases.Case) -> None:
        self._arrays = case.arrays()
        self.image = (cases.SIZE, cases.SIZE)
        self.maps = cases.CELLS[case.anchors][0]
        self.codes, self.logits = (tf.constant(self._arrays[name]) for name in ("codes", "logits"))

    def features(self, boxes: Any, count: Any) -> Any:
        del count
        return tf.reshape(boxes, [-1, 1, 1, 4])

    def crops(self, boxes: Any) -> Any:
        return tf.reshape(boxes, [-1, 1, 2, 2])

    def predict(self, features: Any, boxes: Any) -> RawBoxes:
        del features
        return RawBoxes(
            *(tf.constant(self._arrays[name][:, : boxes.shape[1]]) for name in ("box_codes", "box_logits"))
        )

    def masks(self, features: Any, boxes: Any) -> Any:
        del features
        return tf.constant(np.moveaxis(self._arrays["mask_logits"][:, : boxes.shape[1]], 2, -1))


def detector(case: cases.Case) -> FasterRcnnDetector:
    text = cases.BASE
    if "first_stage_anchor_generator" in case.text:
        text = text.replace(text[text.index("first_stage_anchor") : text.index("first_stage_minibatch")], "")
    config = read_config(parse(f"model {{ faster_rcnn {{ {text} {case.text} }} }}"))
    return FasterRcnnDetector(config.find("model.faster_rcnn"))


def truth(case: cases.Case) -> Truth:
    arrays = {name: tf.constant(value) for name, value in case.arrays().items()}
    names = ("boxes", "classes", "weights", "num_boxes", *(["class_targets"] if case.soft else []))
    return Truth(Groundtruth(*(arrays[name] for name in names)), arrays["masks"])


def answers(case: cases.Case) -> dict[str, Any]:
    ours, network = detector(case), MadeUpNetwork(case)
    shapes = tf.constant(case.true_shapes)
    inference = ours.infer(network, shapes)
    losses = {
        "train": ours.training_losses(network, shapes, truth(case)),
        "inference": ours.inference_losses(network, inference, truth(case)),
    }
    found = {f"{mode}/Loss/{name}": value for mode, terms in losses.items() for name, value in terms.items()}
    proposals = {"proposal_boxes": inference.proposals.boxes, "num_proposals": inference.proposals.count}
    found |= {f"inference/{name}": value for name, value in proposals.items()}
    return {**found, **proposals, **inference.detections}


@pytest.mark.parametrize("generation", ["tf1", "tf2"])
@pytest.mark.parametrize("case", cases.CASES, ids=lambda case: case.name)
def test_a_setting_has_the_answer_of_the_od_api(case: cases.Case, generation: str) -> None:
    recorded = ANSWERS[generation][case.name]
    found = answers(case)
    for name, want in recorded.items():
        if name.startswith("train/") and "Loss" not in name:
            continue  # what was sampled shows in the losses
        exact = name.rpartition("/")[2] in EXACT
        scale = cases.SIZE if name.endswith("proposal_boxes") else 1
        np.testing.assert_allclose(
            found[name], want, rtol=0 if exact else 1e-5, atol=0 if exact else 2e-6 * scale, err_msg=name
        )
    losses = {name for name in recorded if "Loss" in name}
    assert losses == {name for name in found if "Loss" in name}
    assert len(losses) >= 4


def test_all_cases_are_recorded() -> None:
    names = {case.name for case in cases.CASES}
    assert set(ANSWERS["tf1"]) == set(ANSWERS["tf2"]) == names
