"""Settings of CenterNet against the OD API: losses and detections from the same small outputs of the heads.

`recorded/center_net_cases.json` has what the OD API answered (`tools/od_api/center_net_cases.py`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.detectors.center_net.detector import CenterNetDetector

from .cases import BASE, CASES, TRUE_SHAPES, Case

RECORDED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "recorded" / "center_net_cases.json").read_text()
)
BY_NAME = {case.name: case for case in CASES}
RAISED = {name for name, answer in RECORDED.items() if "error" in answer}
REFUSED = {
    "iou": "compares boxes",
    "points_softmax": "no loss for each cell",
    "by_anything": "'nearest'",
    "by_gaussian_without_boxes": "add an object_detection_task",
    "argmax_by_distance": "'gaussian_weighted_const'",
}
"""What we refuse, as the OD API fails at it."""

BEYOND = {"smooth_l1", "points_smooth_l1", "depth_of_many", "nms_frame"}
"""What the OD API fails at; what we do is tested in `test_settings.py`."""

OTHERWISE = {"l2", "clipped_one_of_two"}
"""Where the OD API computes something that has no meaning, or drops a setting; tested in `test_settings.py`."""


def detector(case: Case, **options: Any) -> CenterNetDetector:
    reader = "train_input_reader { num_keypoints: 8 }"
    config = read_config(parse(f"model {{ center_net {{ {BASE} {case.text} }} }} {reader}"))
    return CenterNetDetector(config.find("model.center_net"), **options)


def outputs(case: Case) -> list[dict[str, tf.Tensor]]:
    return [{name: tf.constant(value) for name, value in heads.items()} for heads in case.outputs()]


def batch(case: Case) -> dict[str, tf.Tensor]:
    values = {**case.groundtruth(), "true_image_shape": np.array(TRUE_SHAPES, np.int32)}
    return {name: tf.constant(value) for name, value in values.items()}


def answer(case: Case, **options: Any) -> dict[str, np.ndarray]:
    """Our losses and detections, under the names of the recording."""
    center_net = detector(case, **options)
    found = {}
    if not case.detections_only:
        losses = center_net.loss(outputs(case), batch(case))
        assert tuple(losses) == center_net.loss_terms
        found.update({f"Loss/{name}": value.numpy() for name, value in losses.items()})
    detections = center_net.postprocess(outputs(case), tf.constant(TRUE_SHAPES))
    return {**found, **{name: value.numpy() for name, value in detections.items()}}


def test_each_case_is_spoken_for() -> None:
    assert set(RECORDED) == set(BY_NAME)
    assert {*REFUSED, *BEYOND} == RAISED


@pytest.mark.parametrize("name", sorted(set(BY_NAME) - {*REFUSED, *BEYOND, *OTHERWISE}))
@pytest.mark.parametrize("trim", [True, False])
def test_losses_and_detections(name: str, trim: bool) -> None:
    found = answer(BY_NAME[name], trim_padding=trim)
    recorded = RECORDED[name]
    assert set(found) == set(recorded)
    for key, value in found.items():
        np.testing.assert_allclose(value, recorded[key], rtol=5e-6, atol=2e-6, err_msg=key)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused(name: str) -> None:
    with pytest.raises(UserError, match=REFUSED[name]):
        detector(BY_NAME[name])
