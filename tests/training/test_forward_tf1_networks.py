"""TF1 networks without a golden against values of the OD API on the same weights and image.

`recorded/tf1_networks.json` holds some values of each output of the real graphs, built from published configs at a small size,
in inference, with the reference weights by variable name; the second stage was computed for the proposals that stand there.
"""

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
from cfgtool.networks.faster_rcnn import detector
from cfgtool.networks.faster_rcnn.attention import Context
from cfgtool.networks.ssd.detector import ssd
from cfgtool.schema import Config, read_config
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import apply_edits, parse
from cfgtool.training.input.preprocess import normalisation
from cfgtool.training.tensor_ops import TensorOps
from cfgtool.training.tensor_weights import Weights

from . import reference

pytestmark = [pytest.mark.reference, pytest.mark.slow]

TOLERANCE = 2e-4
"""Of the standard deviation of a tensor: outputs reach several hundred times their inputs here."""
NETWORKS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "recorded" / "tf1_networks.json").read_text()
)


def read(shared: Path, network: dict[str, Any]) -> Config:
    text = (shared / network["config"]).read_text(encoding="utf-8")
    for change in network["changes"]:
        path, _, value = change.partition("=")
        text = apply_edits(text, set_value(parse(text), path, value))
    return read_config(parse(text))


def outputs(config: Config, network: dict[str, Any], inputs: ModuleType) -> dict[str, tf.Tensor]:
    """What the network computes, under the names of the recorded values."""
    description = describe(config)
    weights = Weights(description.variables)
    factor = np.float32(network["gamma_factor"])
    for variable in description.variables:
        value = inputs.weight(variable.tf1_name, variable.shape)
        weights.assign({variable.name: value * factor if variable.name.endswith("/gamma") else value})
    ops = TensorOps(weights, training=False)
    size = network["size"]
    message = config.find(f"model.{description.meta_architecture}")
    image = normalisation(message)(tf.constant(inputs.image(size, size, 1)))
    if description.meta_architecture == "ssd":
        predictions = ssd(ops, message, image, "tf1")
        return {
            "box_encodings": predictions.box_encodings,
            "class_predictions_with_background": predictions.class_predictions,
        }
    first = detector.first_stage(ops, message, image, "tf1")
    boxes = tf.constant([network["proposals"]], tf.float32)
    features = detector.box_features(ops, message, first, boxes, "tf1", context=remembered(message))
    second = detector.second_stage(ops, message, features, boxes, "tf1")
    return {
        "rpn_features_to_crop/0": first.maps[0],
        "rpn_box_encodings": first.proposals.box_encodings,
        "box_classifier_features": features,
        "class_predictions_with_background": second.class_predictions,
    }


def remembered(message: Config) -> Context[tf.Tensor] | None:
    """What Context R-CNN was given when the values were recorded: 16 features, of which 11 count."""
    if not message.has("context_config"):
        return None
    length = message.message("context_config").integer("context_feature_length")
    features = np.random.default_rng(3).normal(size=(1, 16, length)).astype(np.float32)
    return Context(tf.constant(features), tf.constant([11]), tf.constant([8]))


@pytest.mark.parametrize(
    "network", NETWORKS, ids=lambda n: f"{Path(n['config']).stem} {' '.join(n['changes'])}"
)
def test_outputs_equal_those_of_the_od_api(shared: Path, network: dict[str, Any]) -> None:
    found = outputs(read(shared, network), network, reference.inputs(shared))
    for name, recorded in network["outputs"].items():
        values = found[name].numpy()
        assert values.shape == tuple(recorded["shape"]), name
        difference = np.abs(values.ravel()[recorded["indices"]] - recorded["values"]).max()
        assert difference < TOLERANCE * recorded["std"], name
