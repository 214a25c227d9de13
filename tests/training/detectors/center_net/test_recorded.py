"""CenterNet against the OD API: from the same outputs of the heads, the same losses and detections."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.training import reference

from .recordings import Recording

pytestmark = pytest.mark.reference

WHOLE = [
    "centernet_hourglass104",
    "centernet_hourglass104__g05",
    "centernet_mobilenet_v2",
    "centernet_mobilenet_v2__g07",
    "centernet_resnet18_v1_fpn",
    "centernet_resnet18_v1_fpn__g03",
    "centernet_resnet50_v2",
    "centernet_resnet50_v2__g07",
    "centernet_resnet50_v2__g07__rect",
]
COMPUTED = ["centernet_resnet50_v1_fpn_kpts", "centernet_resnet50_v1_fpn_kpts__g03"]
"""Recorded as samples of the outputs: our own network computes them, which takes some seconds."""

NAMES = [*WHOLE, *(pytest.param(name, marks=pytest.mark.slow) for name in COMPUTED)]


@pytest.fixture(scope="module")
def inputs(shared: Path) -> ModuleType:
    return reference.inputs(shared)


def recording(shared: Path, name: str) -> Recording:
    return Recording(shared / "oracle" / "golden" / name)


def test_every_recorded_center_net_is_tested(shared: Path) -> None:
    found = {path.stem for path in (shared / "oracle/golden").glob("centernet*.npz")}
    assert found == {*WHOLE, *COMPUTED}


@pytest.mark.parametrize("name", NAMES)
def test_losses(shared: Path, inputs: ModuleType, name: str) -> None:
    recorded = recording(shared, name)
    losses = recorded.detector().loss(recorded.outputs(inputs), recorded.batch())
    start = "loss/inference/Loss/"
    terms = {key.removeprefix(start) for key in recorded.arrays.files if key.startswith(start)}
    assert set(losses) == set(recorded.detector().loss_terms) == terms
    for key, value in losses.items():
        np.testing.assert_allclose(value, recorded.arrays[start + key], rtol=2e-6, err_msg=key)


@pytest.mark.parametrize("name", NAMES)
def test_detections(shared: Path, inputs: ModuleType, name: str) -> None:
    recorded = recording(shared, name)
    detections = recorded.detector().postprocess(
        recorded.outputs(inputs), recorded.arrays["true_image_shapes"]
    )
    names = {
        key.removeprefix("detections/") for key in recorded.arrays.files if key.startswith("detections/")
    }
    assert set(detections) == names
    for key, value in detections.items():
        want = recorded.arrays[f"detections/{key}"]
        # What our network computes is as exact as its numbers are large: up to 6e5 without a smaller gamma.
        tolerance = rounding(recorded) if key == "detection_keypoints" else 1e-6
        np.testing.assert_allclose(value, want, rtol=1e-6, atol=tolerance, err_msg=key)


def rounding(recorded: Recording) -> float:
    """Of regressed keypoints, as fractions of the image: 1e-5 of their spread in cells, 64 to an image."""
    return 1e-5 * float(recorded.facts["stats"]["predict/human_pose/keypoint/regression/0"]["std"]) / 64
