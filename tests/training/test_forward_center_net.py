"""Forward passes of CenterNet against those of the OD API on the same weights and images."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("tensorflow")

import numpy as np
import tensorflow as tf

from cfgtool.networks import describe
from cfgtool.networks.center_net.detector import center_net, feature_maps
from cfgtool.training.input.preprocess import Preprocessor
from cfgtool.training.tensor_ops import TensorOps
from cfgtool.training.tensor_weights import Weights

from . import reference

pytestmark = [pytest.mark.reference, pytest.mark.slow]

TOLERANCE = 1e-4
"""Of the standard deviation of a tensor."""


@pytest.fixture(scope="module")
def inputs(shared: Path) -> ModuleType:
    return reference.inputs(shared)


def goldens(shared: Path) -> list[Path]:
    return sorted((shared / "oracle/golden").glob("centernet_*.npz"))


def error(golden: Any, key: str, got: np.ndarray) -> float:
    """The largest difference from the golden, relative to its standard deviation."""
    if key in golden:
        want = golden[key]
        return float(np.abs(got - want).max() / want.std())
    assert got.shape == tuple(golden[f"{key}__shape"])
    want = golden[f"{key}__values"]
    return float(np.abs(got.ravel()[golden[f"{key}__indices"]] - want).max() / want.std())


def test_raw_predictions_equal_those_of_the_od_api(shared: Path, inputs: ModuleType) -> None:
    compared = 0
    for path in goldens(shared):
        facts = json.loads(path.with_suffix(".json").read_text())
        config = reference.read(path.with_suffix(".config"))
        weights = Weights(describe(config).variables)
        for variable in weights.described:
            value = inputs.weight(str(variable.tf2_key).removeprefix("model/"), variable.shape)
            factor = facts["gamma_factor"] if variable.name.endswith("/gamma") else 1.0
            weights.assign({variable.name: value * np.float32(factor)})
        preprocess = Preprocessor(config.message("model"))
        image = tf.stack([preprocess(tf.constant(one))[0] for one in inputs.image(*facts["input_image"])])
        ops = TensorOps(weights, training=False)
        model = config.find("model.center_net")
        stacks = center_net(ops, model, image)
        got = {
            f"predict/{name}/{index}": y for index, heads in enumerate(stacks) for name, y in heads.items()
        }
        got |= {
            f"predict/extracted_features/{index}": y
            for index, y in enumerate(feature_maps(ops, model, image))
        }
        golden = np.load(path)
        wanted = {key.split("__")[0] for key in golden.files if key.startswith("predict/")}
        assert wanted - {"predict/preprocessed_inputs"} == set(got)
        for key, value in got.items():
            worst = error(golden, key, value.numpy())
            print(path.stem, key, worst)
            assert worst < TOLERANCE, (path.stem, key)
            compared += 1
    assert compared == 0
