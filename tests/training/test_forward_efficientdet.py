"""EfficientDet against the OD API on the same weights and images; stochastic depth."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "networks"))
pytest.importorskip("tensorflow")

import numpy as np
import tensorflow as tf
from network_configs import HYPER, pipeline

from cfgtool.networks.names import Names
from cfgtool.training.input.preprocess import IMAGENET
from cfgtool.training.tensors import Detector, build_detector

from . import reference

GOLDENS = ["ssd_efficientdet_d0", "ssd_efficientdet_d0__rect", "ssd_efficientdet_d1"]
TOLERANCE = 2e-5
"""Of the standard deviation of a tensor; XLA alone is 3e-6 away."""
LAYER = Names("layer", "model/layer", "layer", None)


def load(path: Path, inputs: ModuleType) -> Detector:
    """The detector of a recorded config with the reference weights."""
    detector = build_detector(reference.read(path.with_name(f"{path.name}.config")))
    weights = detector.weights.by_tf2_key()
    shapes = {key: tuple(variable.shape) for key, variable in weights.items()}
    for key, value in reference.reference_values(inputs, shapes).items():
        weights[key].assign(value)
    return detector


@pytest.mark.reference
@pytest.mark.slow
@pytest.mark.parametrize("name", GOLDENS)
def test_predictions_and_penalties_equal_those_of_the_od_api(shared: Path, name: str) -> None:
    path = shared / "oracle/golden" / name
    golden = np.load(path.with_name(f"{name}.npz"))
    facts = json.loads(path.with_name(f"{name}.json").read_text())
    inputs = reference.inputs(shared)
    detector = load(path, inputs)
    height, width = facts["input_image"]
    images = IMAGENET(tf.constant(inputs.image(height, width), tf.float32))
    images = tf.image.pad_to_bounding_box(images, 0, 0, *detector.description.input_shape[:2])
    predictions = detector.forward(images).predictions
    got = {
        "box_encodings": predictions.box_encodings,
        "class_predictions_with_background": predictions.class_predictions,
        **{f"feature_maps/{i}": x for i, x in enumerate(predictions.feature_maps)},
    }
    for key, tensor in got.items():
        values, key = tensor.numpy(), f"predict/{key}"
        if key in golden:
            want = golden[key]
            values = values.reshape(want.shape)
        else:
            assert values.shape == tuple(golden[f"{key}__shape"])
            want = golden[f"{key}__values"]
            values = values.ravel()[golden[f"{key}__indices"]]
        assert np.abs(values - want).max() < TOLERANCE * want.std(), key
    expected = facts["regularization"]
    assert len(detector.weights.l2()) == expected["terms"]
    assert float(detector.weights.regularization_loss()) == pytest.approx(expected["sum"], rel=1e-6)


@pytest.fixture(scope="module")
def small() -> Detector:
    """B0 with the smallest of pyramids and heads."""
    extractor = "bifpn { num_iterations: 1 num_filters: 16 }"
    config = pipeline("ssd_efficientnet-b0_bifpn_keras", size=128, extractor=extractor, hyper=HYPER)
    return build_detector(config, seed=3)


def images(size: int, batch: int = 2) -> tf.Tensor:
    return tf.random.stateless_uniform([batch, size, size, 3], [1, size], -1.0, 1.0)


@pytest.mark.slow
def test_stochastic_depth_acts_in_training_only_and_by_the_seed(small: Detector) -> None:
    x = images(128)

    def boxes(training: bool, seed: int) -> np.ndarray:
        found = small.forward(x, training=training, dropout_seed=tf.constant([seed, 0])).predictions
        return np.asarray(found.box_encodings)

    np.testing.assert_array_equal(boxes(False, 1), boxes(False, 2))
    np.testing.assert_array_equal(boxes(True, 1), boxes(True, 1))
    assert np.abs(boxes(True, 1) - boxes(True, 2)).max() > 1e-5


@pytest.mark.slow
def test_what_is_not_used_does_not_learn(small: Detector) -> None:
    """Neither statistics nor gradients of the classifier, which the checkpoint has all the same."""
    with tf.GradientTape() as tape:
        found = small.forward(images(128), training=True, dropout_seed=tf.constant([1, 2]))
        loss = tf.reduce_sum(found.predictions.box_encodings**2)
        loss += tf.reduce_sum(found.predictions.class_predictions**2)
    gradients = tape.gradient(loss, small.weights.trainable)
    still = {
        variable.name.split(":")[0]
        for variable, gradient in zip(small.weights.trainable, gradients, strict=True)
        if gradient is None
    }
    unused = {v.name for v in small.description.variables if "classification_backbone" in str(v.tf2_key)}
    trainable = {v.name for v in small.description.variables if v.trainable}
    assert still == unused & trainable
    moved = {variable.name.split(":")[0] for variable, _ in found.updates}
    assert moved == {v.name for v in small.description.variables if not v.trainable} - unused


@pytest.mark.slow
def test_freeze_batchnorm_does_not_reach_the_backbone() -> None:
    extractor = "bifpn { num_iterations: 1 num_filters: 16 }"
    config = pipeline(
        "ssd_efficientnet-b0_bifpn_keras", size=128, extractor=extractor, ssd="freeze_batchnorm: true"
    )
    updates = build_detector(config).forward(images(128), training=True).updates
    assert {variable.name.split("/")[0] for variable, _ in updates} == {"backbone"}


@pytest.mark.slow
def test_a_size_that_no_pyramid_halves_evenly_is_what_the_dry_run_says(small: Detector) -> None:
    config = pipeline(
        "ssd_efficientnet-b0_bifpn_keras", size=100, extractor="bifpn { num_iterations: 1 num_filters: 16 }"
    )
    detector = build_detector(config)
    maps = detector.forward(images(100)).predictions.feature_maps
    assert [tuple(x.shape[1:]) for x in maps] == list(detector.description.feature_maps)
    traced = tf.function(lambda x: small.forward(x).predictions.box_encodings)
    dynamic = traced.get_concrete_function(tf.TensorSpec([None, None, None, 3], tf.float32))
    expected = small.forward(images(100)).predictions.box_encodings
    np.testing.assert_allclose(dynamic(images(100)), expected, rtol=1e-3, atol=1e-5)
