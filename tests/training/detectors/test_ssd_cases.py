"""Every setting of SSD against the OD API: losses and detections from the same small predictions, in both generations.

`recorded/ssd_cases_*.json` has what the OD API answered in TF1's graph mode and in TF2 (`tools/od_api/ssd_cases.py`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.detectors.ssd import BOX_ENCODINGS, CLASS_PREDICTIONS, SsdDetector
from cfgtool.training.targets.assigner import Groundtruth

from .cases import BASE, CASES, SHAPES, TRUE_SHAPES, Case

FOLDER = Path(__file__).parents[1] / "recorded"
RECORDED: dict[str, dict[str, Any]] = {
    generation: json.loads((FOLDER / f"ssd_cases_{generation}.json").read_text())
    for generation in ("tf1", "tf2")
}
BY_NAME = {case.name: case for case in CASES}
RAISED = {name for name, answer in RECORDED["tf1"].items() if "error" in answer}
REFUSED = {
    "focal_mined": "hard_example_miner",
    "two_backgrounds": "explicit_background_class",
    "hard_despite_sigma": "use_hard_nms",
    "soft_static": "use_static_shapes",
    "combined_frame": "use_combined_nms",
    "combined_soft": "use_combined_nms",
    "combined_agnostic": "use_combined_nms",
    "equalization": "equalization_loss",
    "mask_head": "mask_head_config",
}
"""What we refuse: what the OD API refuses too, or what it leaves without effect."""

OTHERWISE = {"thresholded_iou_no_background", "calibrated_by_class_no_background"}
"""Where the OD API is wrong; what we do is tested in `test_ssd_settings.py`."""

BEYOND = {
    "l1",
    "expected_sampling",
    "bipartite",
    "confidences_no_background",
    "class_agnostic_two",
    "sigmoid_calibration",
    "sigmoid_calibration_by_class",
}
"""What the OD API failed at, or cannot be run with here; tested in `test_ssd_settings.py`."""


def detector(case: Case, **options: Any) -> SsdDetector:
    config = read_config(parse(f"model {{ ssd {{ {BASE} {case.text} }} }}")).find("model.ssd")
    return SsdDetector(config, (64, 64), SHAPES, **options)


def inputs(case: Case) -> tuple[dict[str, tf.Tensor], Groundtruth]:
    arrays = {name: tf.constant(value) for name, value in case.arrays().items()}
    predictions = {BOX_ENCODINGS: arrays.pop("codes"), CLASS_PREDICTIONS: arrays.pop("logits")}
    return predictions, Groundtruth(**arrays)


def answer(case: Case, **options: Any) -> dict[str, np.ndarray]:
    """Our losses and detections, under the names of the recording."""
    ssd = detector(case, **options)
    predictions, groundtruth = inputs(case)
    found = {}
    if not case.detections_only:
        losses = ssd.loss(predictions, groundtruth)
        found.update({f"Loss/{name}": value.numpy() for name, value in losses.items()})
    if case.detections:
        detections = ssd.postprocess(predictions, tf.constant(TRUE_SHAPES))
        found.update({name: value.numpy() for name, value in detections.items() if "raw_" not in name})
    return found


def test_each_case_is_spoken_for():
    assert set(RECORDED["tf1"]) == set(RECORDED["tf2"]) == set(BY_NAME)
    assert {*REFUSED, *BEYOND} - {"equalization", "mask_head"} == RAISED


@pytest.mark.parametrize("name", sorted(set(BY_NAME) - {*REFUSED, *BEYOND, *OTHERWISE}))
@pytest.mark.parametrize("trim", [True, False])
def test_losses_and_detections(name, trim):
    found = answer(BY_NAME[name], trim_padding=trim)
    # The fused suppression of the OD API says nothing about anchors, the partitioned one takes them out of order.
    left_out = _OF_ANCHORS if name in ("combined", "partitioned") else set()
    for generation in ("tf1", "tf2"):
        recorded = RECORDED[generation][name]
        assert set(found) - left_out == set(recorded) - left_out
        for key in set(found) - left_out:
            got, want = found[key], np.array(recorded[key])
            if want.ndim > 1:
                # Static shapes leave boxes of no meaning behind the last detection.
                real = np.arange(want.shape[1]) < found["num_detections"][:, np.newaxis]
                assert not got[~real].any()
                got, want = got[real], want[real]
            np.testing.assert_allclose(got, want, rtol=2e-6, atol=2e-6, err_msg=f"{generation} {key}")


_OF_ANCHORS = {"detection_multiclass_scores", "detection_anchor_indices"}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused(name):
    with pytest.raises(UserError, match=REFUSED[name]):
        detector(BY_NAME[name])


@pytest.mark.parametrize("name", sorted(set(BY_NAME) - {"softmax", "logits_softmax"}))
def test_the_generations_of_the_od_api_answer_alike(name):
    """So that nothing here needs to know the generation; softmax differs by rounding (see above)."""
    first, second = RECORDED["tf1"][name], RECORDED["tf2"][name]
    if "error" not in first:
        assert first == second
    elif name not in ("bipartite", "l1"):
        assert first["error"] == second["error"]
