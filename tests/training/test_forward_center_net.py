"""Forward passes and moving statistics of CenterNet against those of the OD API on the same weights and images.

`recorded/center_net.json` has, for settings and backbones of which no whole arrays are kept, what the OD API answered for
two reference images of 128 x 128 with every gamma halved: standard deviation and 12 values, evenly spread, of every output,
and sum and norm of moving statistics after a pass in training mode.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("tensorflow")

import numpy as np
import tensorflow as tf

from cfgtool.networks import describe
from cfgtool.networks.center_net.detector import center_net, feature_maps
from cfgtool.schema import Config, read_config
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import apply_edits, parse
from cfgtool.training.input.preprocess import Preprocessor, normalisation
from cfgtool.training.tensor_ops import TensorOps
from cfgtool.training.tensor_weights import Weights

from . import reference

pytestmark = [pytest.mark.reference, pytest.mark.slow]

TOLERANCE = 1e-4
"""Of the standard deviation of a tensor."""
GOLDENS = [
    "hourglass104",
    "hourglass104__g05",
    "mobilenet_v2",
    "mobilenet_v2__g07",
    "resnet18_v1_fpn",
    "resnet18_v1_fpn__g03",
    "resnet50_v1_fpn_kpts",
    "resnet50_v1_fpn_kpts__g03",
    "resnet50_v2",
    "resnet50_v2__g07",
    "resnet50_v2__g07__rect",
]
RECORDED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "recorded" / "center_net.json").read_text()
)


@pytest.fixture(scope="module")
def inputs(shared: Path) -> ModuleType:
    return reference.inputs(shared)


class Network:
    """A config's network with reference weights, every gamma multiplied by `gamma`."""

    def __init__(self, config: Config, inputs: ModuleType, gamma: float) -> None:
        self.model = config.find("model.center_net")
        self.weights = Weights(describe(config).variables)
        for variable in self.weights.described:
            value = inputs.weight(key(variable.tf2_key), variable.shape)
            if variable.name.endswith("/gamma"):
                value = value * np.float32(gamma)
            self.weights.assign({variable.name: value})

    def outputs(self, image: tf.Tensor) -> dict[str, np.ndarray]:
        """Raw outputs under the OD API's names, each with the number of its stack."""
        ops = TensorOps(self.weights, training=False)
        stacks = [*map(dict, center_net(ops, self.model, image))]
        for heads, features in zip(stacks, feature_maps(ops, self.model, image), strict=True):
            heads["extracted_features"] = features
        return {
            f"{name}/{index}": y.numpy() for index, heads in enumerate(stacks) for name, y in heads.items()
        }

    def statistics(self, image: tf.Tensor) -> dict[str, np.ndarray]:
        """Moving means and variances after a pass in training mode, by checkpoint key."""
        ops = TensorOps(self.weights, training=True)
        center_net(ops, self.model, image)
        values = {id(variable): value for variable, value in ops.updates}
        held = {v.tf2_key: self.weights[v.name] for v in self.weights.described if not v.trainable}
        return {key(name): np.asarray(values.get(id(held[name]), held[name]), np.float64) for name in held}


def key(tf2_key: str | None) -> str:
    return str(tf2_key).removeprefix("model/")


def error(golden: Mapping[str, np.ndarray], name: str, got: np.ndarray) -> float:
    """The largest difference from the golden, relative to its standard deviation."""
    if name in golden:
        want = golden[name]
        return float(np.abs(got - want).max() / want.std())
    assert got.shape == tuple(golden[f"{name}__shape"])
    want = golden[f"{name}__values"]
    return float(np.abs(got.ravel()[golden[f"{name}__indices"]] - want).max() / want.std())


def largest_difference(got: Mapping[str, np.ndarray], want: Mapping[str, list[float]]) -> float:
    """Of sum and norm of every statistic, relative to the norm."""
    worst = 0.0
    for name, (total, norm) in want.items():
        values = got[name]
        worst = max(worst, abs(values.sum() - total) / norm, abs(np.sqrt((values**2).sum()) - norm) / norm)
    return worst


@pytest.mark.parametrize("name", GOLDENS)
def test_raw_predictions_equal_those_of_the_od_api(shared: Path, inputs: ModuleType, name: str) -> None:
    path = shared / f"oracle/golden/centernet_{name}"
    facts = json.loads(path.with_name(f"{path.name}.json").read_text())
    config = reference.read(path.with_name(f"{path.name}.config"))
    preprocess = Preprocessor(config.message("model"))
    image = tf.stack([preprocess(tf.constant(one))[0] for one in inputs.image(*facts["input_image"])])
    got = Network(config, inputs, facts["gamma_factor"]).outputs(image)
    golden = np.load(path.with_name(f"{path.name}.npz"))
    wanted = {name.split("__")[0] for name in golden.files if name.startswith("predict/")}
    assert {f"predict/{name}" for name in got} == wanted - {"predict/preprocessed_inputs"}
    assert {name: error(golden, f"predict/{name}", value) < TOLERANCE for name, value in got.items()} == (
        dict.fromkeys(got, True)
    )


@pytest.mark.parametrize("record", RECORDED, ids=lambda record: " ".join(record["changes"]))
def test_backbones_and_heads_that_have_no_golden(
    shared: Path, inputs: ModuleType, record: dict[str, Any]
) -> None:
    text = (shared / record["config"]).read_text(encoding="utf-8")
    for change in record["changes"]:
        path, _, value = change.partition("=")
        text = apply_edits(text, set_value(parse(text), path, value))
    network = Network(read_config(parse(text)), inputs, 0.5)
    image = normalisation(network.model)(tf.constant(inputs.image(128, 128)))
    got = network.outputs(image)
    assert got.keys() == record["forward"].keys()
    for name, want in record["forward"].items():
        assert list(got[name].shape) == want["shape"]
        spread = np.linspace(0, got[name].size - 1, 12).astype(int)
        worst = np.abs(got[name].ravel()[spread] - want["values"]).max()
        assert worst < TOLERANCE * want["std"], name
    assert largest_difference(network.statistics(image), record["statistics"]) < 2e-5


def test_moving_statistics_after_a_training_step(shared: Path, inputs: ModuleType) -> None:
    """All of them, the last batch norm of the backbone among them, which nothing looks at and nothing moves."""
    config, recorded = reference.curve(shared, "centernet_resnet50_v2")
    decoded = np.load(shared / "oracle/golden/curves/pets_decoded.npz")
    preprocess = Preprocessor(config.message("model"))
    image = tf.stack([preprocess(tf.constant(decoded[name]))[0] for name in decoded.files])
    got = Network(config, inputs, 1.0).statistics(image)
    want = recorded["moving_statistics_after_step1"]
    assert got.keys() == want.keys()
    assert largest_difference(got, want) < 1e-5
