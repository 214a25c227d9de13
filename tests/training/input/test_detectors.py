"""What the readers of the other architectures load: batches beside those of the OD API for the same records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from detector_cases import CASES, WINDOW

from cfgtool.errors import UserError
from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse
from cfgtool.training.input import pipeline
from cfgtool.training.input.pipeline import evaluation_batches, training_batches

RECORDED = json.loads((Path(__file__).parent / "recorded/detectors.json").read_text())
# Ours -> the OD API's, of each box and of each image.
PER_BOX = {
    "boxes": "groundtruth_boxes",
    "weights": "groundtruth_weights",
    "masks": "groundtruth_instance_masks",
    "mask_weights": "groundtruth_instance_mask_weights",
    "keypoints": "groundtruth_keypoints",
    "keypoint_visibilities": "groundtruth_keypoint_visibilities",
    "keypoint_weights": "groundtruth_keypoint_weights",
    "keypoint_depths": "groundtruth_keypoint_depths",
    "keypoint_depth_weights": "groundtruth_keypoint_depth_weights",
    "densepose_num_points": "groundtruth_dp_num_points",
    "densepose_part_ids": "groundtruth_dp_part_ids",
    "densepose_surface_coords": "groundtruth_dp_surface_coords",
    "track_ids": "groundtruth_track_ids",
}
PER_IMAGE = {
    "image": "image",
    "true_image_shape": "true_image_shape",
    "num_boxes": "num_groundtruth_boxes",
    "context_features": "context_features",
    "valid_context_size": "valid_context_size",
    "original_size": "original_image_spatial_shape",
}
REFUSED = {
    "DensePose flipped": "UV_symmetry_transforms.mat",
    "depths without keypoints": "depths of keypoints need 'num_keypoints'|'num_keypoints' must be set",
    "context without a model for it": "needs a 'context_config'",
    "sizes left free, together": "needs images of one size",
}
ACCEPTED = {
    # The OD API stops at an image without DensePose points, and at ids that it wants to draw with.
    "no DensePose points",
    "frames with context ids",
}
LEFT_BEHIND = {
    # The OD API drops boxes and leaves their track ids.
    "everything cropped": {"track_ids"},
}


def _config(name: str, folder: Path) -> Config:
    case = CASES[name]
    # Blocks that stand twice are merged, as in the OD API.
    return read_config(parse(case.text(*case.write(folder))))


def _values(theirs: Any) -> Any:
    """As recorded: nested lists with None for NaN, or a summary."""
    return theirs if isinstance(theirs, dict) else np.asarray(theirs, np.float64)


def _compare(ours: Any, theirs: Any, what: str, rows: int | None = None) -> None:
    ours, theirs = np.asarray(ours, np.float64), _values(theirs)
    if not isinstance(theirs, dict):
        pairs = (ours, theirs) if rows is None else (ours[:, :rows], theirs[:, :rows])
        np.testing.assert_allclose(*pairs, atol=2e-6, err_msg=what)
        return
    assert list(ours.shape) == theirs["shape"], what
    sample = np.asarray(theirs["sample"], np.float64)
    np.testing.assert_allclose(ours.ravel()[:: ours.size // 50], sample, atol=1e-5, err_msg=what)
    assert np.nansum(ours) == pytest.approx(theirs["sum"], rel=1e-5, abs=1e-3), what


@pytest.mark.parametrize(
    "name", [name for name in CASES if "examples" in RECORDED[name] and name not in REFUSED]
)
def test_batches_are_those_of_the_od_api(
    name: str,
    tmp_path: Path,
    fixed_draws: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = CASES[name]
    config = _config(name, tmp_path)
    monkeypatch.setattr(pipeline, "SeededDraws", lambda *_: fixed_draws(0.25, WINDOW))
    make = evaluation_batches if case.evaluation else training_batches
    examples = RECORDED[name]["examples"]
    elements = list(make(config).take(len(examples)).as_numpy_iterator())
    compared = set()
    for element, example in zip(elements, examples, strict=True):
        count = int(element["num_boxes"][0])
        for ours, theirs in PER_IMAGE.items():
            if ours in element and theirs in example:
                compared.add(ours)
                # The OD API counts the features that it cuts off, too.
                want = np.minimum(example[theirs], 2) if ours == "valid_context_size" else example[theirs]
                _compare(element[ours], want, f"{name}: {ours}")
        for ours, theirs in PER_BOX.items():
            if theirs in example and ours in element and ours not in LEFT_BEHIND.get(name, ()):
                compared.add(ours)
                # What stands in the padding is nobody's.
                _compare(element[ours], example[theirs], f"{name}: {ours}", count)
        targets = np.eye(5)[element["classes"][:, :count]][..., :4]
        _compare(targets, example["groundtruth_classes"], f"{name}: classes", count)
    assert len(compared) >= 5
    if name.startswith("everything") and name not in LEFT_BEHIND:
        assert set(PER_BOX) <= compared


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=REFUSED[name]):
        training_batches(_config(name, tmp_path))


@pytest.mark.parametrize("name", sorted(ACCEPTED))
def test_what_the_od_api_stops_at(name: str, tmp_path: Path) -> None:
    assert "error" in RECORDED[name]
    batches = list(training_batches(_config(name, tmp_path)).take(3).as_numpy_iterator())
    assert len(batches) == 3
    if name == "no DensePose points":
        assert batches[2]["densepose_num_points"].sum() == 0


def test_every_case_is_looked_at() -> None:
    assert set(RECORDED) == set(CASES)
    errors = {name for name in CASES if "error" in RECORDED[name]}
    assert errors <= set(REFUSED) | ACCEPTED
