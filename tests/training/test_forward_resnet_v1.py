"""Forward passes of networks on ResNet V1 against those of the OD API on the same weights and images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest

pytest.importorskip("tensorflow")

import numpy as np

from cfgtool.networks.faster_rcnn.detector import first_stage
from cfgtool.schema import read_config
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import apply_edits, parse
from cfgtool.training.input.preprocess import VGG
from cfgtool.training.tensor_ops import TensorOps
from cfgtool.training.tensors import Detector, build_detector

from . import reference

pytestmark = [pytest.mark.reference, pytest.mark.slow]

TOLERANCE = 1e-4
"""Of the standard deviation of a tensor."""
RECORDED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "recorded" / "resnet_v1_maps.json").read_text()
)
"""Some values of feature maps from the OD API itself."""
TF1_FPN = "golden_tf1/ssd_resnet50_v1_fpn_shared_box_predictor_640x640_coco14_sync"
SSD = ["golden/ssd_resnet50_v1_fpn", "golden/ssd_resnet50_v1_fpn__g05", TF1_FPN]


@pytest.fixture(scope="module")
def inputs(shared: Path) -> ModuleType:
    return reference.inputs(shared)


def recorded(path: Path) -> tuple[Any, dict[str, Any]]:
    """Arrays and facts of a golden."""
    return np.load(path.with_name(f"{path.name}.npz")), json.loads(
        path.with_name(f"{path.name}.json").read_text()
    )


def load(
    path: Path,
    inputs: ModuleType,
    generation: Literal["auto", "tf1", "tf2"] = "auto",
    changes: Sequence[str] = (),
) -> Detector:
    """The detector of a golden's config after `changes` (`path=value`) with the golden's weights, named as its
    own generation names them.
    """
    text = path.with_name(f"{path.name}.config").read_text(encoding="utf-8")
    for change in changes:
        where, _, value = change.partition("=")
        text = apply_edits(text, set_value(parse(text), where, value))
    detector = build_detector(read_config(parse(text)), generation=generation)
    factor = recorded(path)[1].get("gamma_factor", 1.0)
    for variable in detector.description.variables:
        name = variable.tf1_name if path.parent.name == "golden_tf1" else variable.tf2_key
        value = inputs.weight(str(name).removeprefix("model/"), variable.shape)
        if variable.name.endswith("/gamma"):
            value = value * np.float32(factor)
        detector.weights.assign({variable.name: value})
    return detector


def difference(golden: Any, key: str, got: np.ndarray) -> float:
    """The largest difference from the golden, relative to its standard deviation."""
    if key in golden:
        want = golden[key]
        return float(np.abs(got.reshape(want.shape) - want).max() / want.std())
    assert got.shape == tuple(golden[f"{key}__shape"])
    want = golden[f"{key}__values"]
    return float(np.abs(got.ravel()[golden[f"{key}__indices"]] - want).max() / want.std())


def ssd(path: Path, detector: Detector, inputs: ModuleType) -> dict[str, np.ndarray]:
    """Raw predictions for the reference images, under the names of the goldens."""
    height, width, _ = detector.description.input_shape
    predictions = detector.forward(VGG(inputs.image(height, width))).predictions
    return {
        "predict/box_encodings": predictions.box_encodings.numpy(),
        "predict/class_predictions_with_background": predictions.class_predictions.numpy(),
        **{f"predict/feature_maps/{i}": m.numpy() for i, m in enumerate(predictions.feature_maps)},
    }


@pytest.mark.parametrize("name", SSD)
def test_raw_ssd_predictions(shared: Path, inputs: ModuleType, name: str) -> None:
    path = shared / "oracle" / name
    golden, _ = recorded(path)
    for key, value in ssd(path, load(path, inputs), inputs).items():
        assert difference(golden, key, value) < TOLERANCE, key


def test_penalties(shared: Path, inputs: ModuleType) -> None:
    path = shared / "oracle/golden/ssd_resnet50_v1_fpn"
    expected = recorded(path)[1]["regularization"]
    weights = load(path, inputs).weights
    assert len(weights.l2()) == expected["terms"]
    assert float(weights.regularization_loss()) == pytest.approx(expected["sum"], rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "experiment", "entry"),
    [
        ([], "ssd_resnet50_v1_fpn", "unpatched"),
        (
            ["model.ssd.feature_extractor.override_base_feature_extractor_hyperparams=false"],
            "variants",
            f"{Path(TF1_FPN).name}__nooverride as built",
        ),
    ],
    ids=["override", "no override"],
)
def test_the_generations_differ_as_recorded(
    shared: Path, inputs: ModuleType, changes: list[str], experiment: str, entry: str
) -> None:
    """Largest differences between TF1 and TF2 from the same weights. With the override the pyramid, the epsilon
    and the activation after each sum differ; without it the pyramid alone, which only its finest map shows.
    """
    path = shared / "oracle" / TF1_FPN
    folder = shared / "oracle/golden_tf1/experiments"
    expected = json.loads((folder / f"{experiment}.json").read_text())[entry]
    slim, keras = (ssd(path, load(path, inputs, form, changes), inputs) for form in ("tf1", "tf2"))
    for key, value in slim.items():
        facts = expected[key.removeprefix("predict/")]
        largest = np.abs(value - keras[key]).max()
        assert largest == pytest.approx(facts["max_abs"], abs=TOLERANCE * facts["tf1_std"]), key


@pytest.mark.parametrize("name", RECORDED)
def test_maps_that_no_golden_has(shared: Path, inputs: ModuleType, name: str) -> None:
    """Dilated blocks and pooling pyramids, as slim computes them with half the reference gammas."""
    facts = RECORDED[name]
    text = (shared / facts["config"]).read_text(encoding="utf-8")
    for change in facts["changes"]:
        where, _, value = change.partition("=")
        text = apply_edits(text, set_value(parse(text), where, value))
    detector = build_detector(read_config(parse(text)))
    for variable in detector.description.variables:
        value = inputs.weight(variable.tf1_name, variable.shape)
        gamma = variable.name.endswith("/gamma")
        detector.weights.assign({variable.name: value * np.float32(0.5) if gamma else value})
    images = VGG(inputs.image(facts["image"], facts["image"], 1))
    kind = detector.config.message("model").which("model")
    model = detector.config.find(f"model.{kind}")
    if kind == "ssd":
        maps = detector.forward(images).predictions.feature_maps
    else:
        maps = first_stage(TensorOps(detector.weights, training=False), model, images, "tf1").maps
    for got, want in zip(maps, facts["outputs"], strict=False):
        assert list(got.shape) == want["shape"]
        values = got.numpy().ravel()[want["indices"]]
        assert np.abs(values - want["values"]).max() < TOLERANCE * want["std"]
