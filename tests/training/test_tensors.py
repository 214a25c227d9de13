"""Networks on tensors: agreement with the dry run, start values, batch norm, checkpoints, freezing, mixed
precision.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any, Literal

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "networks"))
pytest.importorskip("tensorflow")

import numpy as np
import tensorflow as tf
from network_configs import CONVOLUTIONAL, HYPER, MULTISCALE, pipeline

from cfgtool.networks.names import Names
from cfgtool.networks.ops import GLOROT, ZEROS, BatchNorm, Fusion
from cfgtool.networks.shapes import ShapeOps
from cfgtool.networks.variables import Initializer, Variable
from cfgtool.training.tensor_ops import TensorOps
from cfgtool.training.tensor_weights import Weights, object_tree, start_value
from cfgtool.training.tensors import Detector, apply_updates, build_detector

LAYER = Names("layer", "model/layer", "layer", "layer")
TYPES = [
    "ssd_mobilenet_v1_keras",
    "ssd_mobilenet_v1",
    "ssd_mobilenet_v2_keras",
    "ssd_mobilenet_v2",
    "ssd_mobilenet_v1_fpn_keras",
    "ssd_mobilenet_v2_fpn",
    "ssd_mobilenet_v1_ppn",
]


def images(size: int, batch: int = 2) -> tf.Tensor:
    return tf.random.stateless_uniform([batch, size, size, 3], [1, size], -1.0, 1.0)


def random_choices(seed: int) -> dict[str, Any]:
    """A config drawn from `seed`: type, size, width, padding, kinds of convolution, anchors."""
    draw = random.Random(seed)
    type_ = TYPES[seed % len(TYPES)]

    def flag(name: str) -> str:
        return f"{name}: {draw.choice(('true', 'false'))} "

    extractor = f"depth_multiplier: {draw.choice((0.25, 0.5))} min_depth: {draw.choice((8, 16))} "
    extractor += flag("use_depthwise") + flag("use_explicit_padding")
    extractor += (
        flag("override_base_feature_extractor_hyperparams") + f"pad_to_multiple: {draw.choice((1, 32))}"
    )
    head = flag("use_depthwise") + flag("use_dropout")
    head += (
        flag("share_prediction_tower")
        if "fpn" in type_
        else "min_depth: 8 max_depth: 24 num_layers_before_predictor: 1"
    )
    ratios = draw.choice(("1.0", "[1.0, 2.0]", "[1.0, 2.0, 0.5]"))
    kind = MULTISCALE if "fpn" in type_ else CONVOLUTIONAL
    anchors = kind[: kind.index("aspect_ratios")] + f"aspect_ratios: {ratios} }}"
    size = draw.choice((64, 96, 128)) if "fpn" in type_ else draw.choice((65, 75, 96))
    return {"type_": type_, "size": size, "extractor": extractor, "head": head, "anchors": anchors}


@pytest.mark.parametrize("seed", range(7))
def test_shapes_and_tensors_agree(seed: int) -> None:
    detector = build_detector(pipeline(**random_choices(seed)))
    description = detector.description
    predictions, updates = detector.forward(images(description.input_shape[0]), training=seed % 2 == 0)
    assert [tuple(m.shape[1:]) for m in predictions.feature_maps] == list(description.feature_maps)
    slots = detector.config.find("model.ssd").integer("num_classes") + 1
    assert predictions.box_encodings.shape == (2, description.anchors, 4)
    assert predictions.class_predictions.shape == (2, description.anchors, slots)
    assert [tuple(v.shape) for v in detector.weights.all] == [v.shape for v in description.variables]
    statistics = [v for v in description.variables if not v.trainable]
    assert len(updates) == (len(statistics) if seed % 2 == 0 else 0)


@pytest.fixture(scope="module")
def detector() -> Detector:
    """A small pyramid network whose moving statistics fit its weights: activations keep their size."""
    extractor = "depth_multiplier: 0.25 use_depthwise: true override_base_feature_extractor_hyperparams: true"
    hyper = HYPER.replace("decay: 0.97", "decay: 0.0")
    head = "use_depthwise: true share_prediction_tower: true"
    config = pipeline("ssd_mobilenet_v1_fpn_keras", extractor=extractor, head=head, hyper=hyper)
    made = build_detector(config, seed=3)
    apply_updates(made.forward(images(64, batch=8), training=True).updates)
    return made


def difference(got: tf.Tensor, want: tf.Tensor) -> float:
    """The mean difference, relative to the standard deviation."""
    return float(tf.reduce_mean(tf.abs(got - want)) / tf.math.reduce_std(want))


def test_a_batch_and_size_that_are_not_known_before_give_the_same_result(detector: Detector) -> None:
    traced = tf.function(lambda x: detector.forward(x).predictions[1:])
    signature = tf.TensorSpec([None, None, None, 3], tf.float32)
    dynamic = traced.get_concrete_function(signature)(images(64))
    expected = detector.forward(images(64)).predictions[1:]
    assert all(difference(got, want) < 1e-5 for got, want in zip(dynamic, expected, strict=True))


def test_every_trainable_variable_gets_a_gradient(detector: Detector) -> None:
    with tf.GradientTape() as tape:
        predictions = detector.forward(images(64), training=True).predictions
        loss = tf.reduce_sum(predictions.box_encodings**2) + tf.reduce_sum(predictions.class_predictions**2)
    gradients = tape.gradient(loss, detector.weights.trainable)
    assert all(gradient is not None for gradient in gradients)
    assert len(gradients) == sum(v.trainable for v in detector.description.variables)


def test_start_values_depend_on_seed_and_name_only() -> None:
    wide = build_detector(pipeline("ssd_mobilenet_v1_keras"), seed=3).weights
    again = build_detector(pipeline("ssd_mobilenet_v1_keras", classes=9), seed=3).weights
    other = build_detector(pipeline("ssd_mobilenet_v1_keras"), seed=4).weights
    name = "backbone/conv_7/pointwise/kernel"
    np.testing.assert_array_equal(wide[name], again[name])
    assert np.abs(wide[name].numpy() - other[name].numpy()).max() > 0.01
    assert not np.array_equal(wide[name], wide["backbone/conv_8/pointwise/kernel"])


@pytest.mark.parametrize(
    ("start", "stddev", "limit"),
    [
        (Initializer("truncated_normal", stddev=0.5), 0.5 * 0.8796, 1.0),
        (Initializer("random_normal", stddev=0.5), 0.5, np.inf),
        (Initializer("random_uniform", stddev=0.5), 0.5 / 3**0.5, 0.5),
        (Initializer("glorot_uniform"), (2 / (9 * 48)) ** 0.5, (6 / (9 * 48)) ** 0.5),
        (Initializer("variance_scaling"), (2 / (9 * 16)) ** 0.5, 2 * (2 / (9 * 16)) ** 0.5 / 0.8796),
        (
            Initializer("variance_scaling", factor=1.0, uniform=True, mode="fan_avg"),
            (2 / (9 * 48)) ** 0.5,
            (6 / (9 * 48)) ** 0.5,
        ),
        (Initializer("variance_scaling", factor=1.0, mode="fan_out"), (1 / (9 * 32)) ** 0.5, np.inf),
    ],
)
def test_spread_of_start_values(start: Initializer, stddev: float, limit: float) -> None:
    variable = Variable("kernel", (3, 3, 16, 32), True, start, None, None, None)
    values = start_value(variable, 0)
    assert values.dtype == np.float32
    assert values.mean() == pytest.approx(0.0, abs=4 * stddev / values.size**0.5)
    assert values.std() == pytest.approx(stddev, rel=0.05)
    assert np.abs(values).max() <= limit * (1 + 1e-6)


def layer_weights(run: Any, *, frozen: frozenset[str] = frozenset()) -> Weights:
    """Start weights of the layer that `run` calls."""
    ops = ShapeOps()
    run(ops, (4, 6, 6, 3))
    return Weights(ops.variables.values(), frozen=frozen)


@pytest.mark.parametrize("sample", [True, False])
def test_batch_norm_in_training_normalises_by_the_batch_and_moves_the_statistics(*, sample: bool) -> None:
    norm = BatchNorm(decay=0.9, epsilon=0.01, sample=sample)
    weights = layer_weights(lambda ops, x: ops.batch_norm(x, LAYER, norm))
    weights.assign({"layer/gamma": np.float32([1, 2, 3]), "layer/moving_mean": np.float32([5, 6, 7])})
    x = np.random.default_rng(0).normal(3.0, 2.0, (4, 6, 6, 3)).astype(np.float32)
    ops = TensorOps(weights, training=True)
    y = ops.batch_norm(tf.constant(x), LAYER, norm)
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    np.testing.assert_allclose(y, (x - mean) / np.sqrt(variance + 0.01) * [1, 2, 3], atol=1e-5)
    np.testing.assert_array_equal(weights["layer/moving_mean"], [5, 6, 7])
    apply_updates(ops.updates)
    count = x.size / 3
    expected = 0.9 * np.float32([5, 6, 7]) + 0.1 * mean
    np.testing.assert_allclose(weights["layer/moving_mean"], expected, rtol=1e-6)
    expected = 0.9 + 0.1 * variance * (count / (count - 1) if sample else 1.0)
    np.testing.assert_allclose(weights["layer/moving_variance"], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("training", "train", "frozen"),
    [(False, True, frozenset()), (True, False, frozenset()), (True, True, frozenset({"layer/moving_mean"}))],
)
def test_batch_norm_by_its_statistics(training: bool, train: bool, frozen: frozenset[str]) -> None:
    norm = BatchNorm(epsilon=0.01, center=False, scale=False, train=train)
    weights = layer_weights(lambda ops, x: ops.batch_norm(x, LAYER, norm), frozen=frozen)
    weights.assign(
        {"layer/moving_mean": np.float32([1, 2, 3]), "layer/moving_variance": np.float32([4, 5, 6])}
    )
    x = images(6)
    ops = TensorOps(weights, training=training)
    y = ops.batch_norm(x, LAYER, norm)
    np.testing.assert_allclose(
        y, (x - [1, 2, 3]) / np.sqrt(np.float32([4.01, 5.01, 6.01])), rtol=1e-4, atol=1e-5
    )
    assert ops.updates == []


@pytest.mark.parametrize("size", [6, 7])
def test_fixed_padding_does_not_depend_on_the_size(size: int) -> None:
    """With stride 2, SAME would pad an even size at the end only."""

    def run(ops: Any, x: Any, padding: Any = "SAME") -> Any:
        return ops.depthwise_conv(x, LAYER, 3, weights=GLOROT, bias=ZEROS, stride=2, padding=padding)

    ops = TensorOps(layer_weights(run), training=False)
    x = images(size)
    padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    np.testing.assert_allclose(run(ops, x, "FIXED"), run(ops, padded, "VALID"), atol=1e-6)
    assert np.allclose(run(ops, x, "FIXED"), run(ops, x), atol=1e-3) == (size == 7)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_transposed_convolution_is_the_gradient_of_a_convolution(stride: int) -> None:
    def run(ops: Any, x: Any) -> Any:
        return ops.transposed_conv(x, LAYER, 5, 3, weights=GLOROT, bias=ZEROS, stride=stride)

    weights = layer_weights(run)
    x, large = images(6), tf.ones([2, 6 * stride, 6 * stride, 5])
    with tf.GradientTape() as tape:
        tape.watch(large)
        product = tf.reduce_sum(x * tf.nn.conv2d(large, weights["layer/kernel"], stride, "SAME"))
    y = run(TensorOps(weights, training=False), x)
    np.testing.assert_allclose(y, tape.gradient(product, large), atol=1e-5)
    assert tuple(y.shape) == run(ShapeOps(), (2, 6, 6, 3))


@pytest.mark.parametrize("method", ["nearest", "bilinear"])
def test_sizes_that_are_not_known_before_are_upsampled_alike(method: Literal["nearest", "bilinear"]) -> None:
    def run(x: tf.Tensor) -> tf.Tensor:
        ops = TensorOps(Weights([]), training=False)
        x = ops.upsample(x, 2, method=method)
        return ops.activation(x, "relu")

    x = images(5)
    traced = tf.function(run).get_concrete_function(tf.TensorSpec([None, None, None, 3], tf.float32))
    assert traced.output_shapes.as_list() == [None, None, None, 3]
    np.testing.assert_array_equal(traced(x), run(x))
    assert tuple(run(x).shape) == ShapeOps().upsample((2, 5, 5, 3), 2, method=method)
    # Whatever the method, a corner is the corner.
    np.testing.assert_allclose(run(x)[:, 0, 0], tf.nn.relu(x[:, 0, 0]), atol=1e-6)


@pytest.mark.parametrize(("small", "large"), [((3, 4), (6, 8)), ((3, 4), (5, 8)), ((3, 4), (6, 7))])
def test_upsample_add_doubles_by_nearest_neighbour(small: tuple[int, int], large: tuple[int, int]) -> None:
    ops = TensorOps(Weights([]), training=False)
    a = tf.random.stateless_normal([2, *small, 3], [1, 2])
    b = tf.random.stateless_normal([2, *large, 3], [3, 4])
    doubled = a.numpy().repeat(2, axis=1).repeat(2, axis=2)[:, : large[0], : large[1]]
    np.testing.assert_allclose(ops.upsample_add(a, b), b + doubled, rtol=1e-6)


def test_padding_to_a_multiple_adds_zeros_below_and_at_the_right() -> None:
    ops = TensorOps(Weights([]), training=False)
    y = ops.pad_to_multiple(images(6), 4)
    np.testing.assert_array_equal(y[:, :6, :6], images(6))
    assert y.shape == (2, 8, 8, 3)
    assert float(tf.reduce_sum(tf.abs(y[:, 6:]))) == 0.0


def test_dropout_acts_in_training_and_repeats_with_its_seed() -> None:
    x = tf.ones([2, 100])
    assert TensorOps(Weights([]), training=False).dropout(x, 0.5) is x
    first, again, other = (
        TensorOps(Weights([]), training=True, dropout_seed=tf.constant([1, seed])).dropout(x, 0.5)
        for seed in (0, 0, 5)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert set(np.unique(first)) == {0.0, 2.0}


def test_stochastic_depth_drops_whole_examples() -> None:
    x = images(6, batch=64)
    assert TensorOps(Weights([]), training=False).stochastic_depth(x, 0.8) is x
    ops = TensorOps(Weights([]), training=True, dropout_seed=tf.constant([1, 2]))
    ratio = np.asarray(ops.stochastic_depth(x, 0.8) / x)
    assert all(len(np.unique(example.round(4))) == 1 for example in ratio)
    kept = ratio[:, 0, 0, 0]
    assert set(np.unique(kept.round(4))) == {0.0, 1.25}
    assert 0.6 < np.count_nonzero(kept) / 64 < 0.95
    assert not np.array_equal(kept, np.asarray(ops.stochastic_depth(x, 0.8) / x)[:, 0, 0, 0])


@pytest.mark.parametrize(
    ("method", "factors"),
    [
        ("weighted_sum", [2.0, -1.0, 3.0]),
        # Each number is alone in its softmax.
        ("attention", [1.0, 1.0, 1.0]),
        ("fast_attention", [2.0 / 5.0001, 0.0, 3.0 / 5.0001]),
    ],
)
def test_the_numbers_of_a_weighted_sum(method: Fusion, factors: list[float]) -> None:
    weights = layer_weights(lambda ops, x: ops.weighted_sum([x] * 3, LAYER, method))
    weights.assign({"layer/bifpn_combine_weights": np.float32([[2.0], [-1.0], [3.0]])})
    values = [images(size)[:, :4, :4] for size in (4, 5, 6)]
    got = TensorOps(weights, training=False).weighted_sum(values, LAYER, method)
    expected = sum(factor * value.numpy() for factor, value in zip(factors, values, strict=True))
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_a_cut_keeps_the_upper_left_part() -> None:
    ops = TensorOps(Weights([]), training=False)
    x = images(6)
    np.testing.assert_array_equal(ops.cut(x, images(5)), x[:, :5, :5])
    assert ops.cut(x, images(6)) is x


def test_layers_without_use_are_not_computed() -> None:
    TensorOps(Weights([]), training=True).unused(
        lambda ops, x: ops.dense(x, LAYER, 1, weights=GLOROT), images(4)
    )


def test_two_dropouts_of_one_pass_differ() -> None:
    ops = TensorOps(Weights([]), training=True, dropout_seed=tf.constant([1, 2]))
    x = tf.ones([2, 100])
    assert not np.array_equal(ops.dropout(x, 0.5), ops.dropout(x, 0.5))


def test_penalties_are_those_of_the_description(detector: Detector) -> None:
    expected = sum(
        v.l2 / 2 * float((detector.weights[v.name].numpy().astype(np.float64) ** 2).sum())
        for v in detector.description.variables
    )
    assert float(detector.weights.regularization_loss()) == pytest.approx(expected, rel=1e-5)
    assert expected > 0.0


def test_an_l1_penalty_is_the_sum_of_absolute_values() -> None:
    variable = Variable("w", (3,), True, Initializer("constant", value=-2.0), None, None, None, l1=0.5)
    assert float(Weights([variable]).regularization_loss()) == pytest.approx(3.0)
    assert float(Weights([]).regularization_loss()) == 0.0


def test_a_checkpoint_has_the_keys_of_the_description(detector: Detector, tmp_path: Path) -> None:
    path = tf.train.Checkpoint(model=detector.weights.tree).write(str(tmp_path / "ckpt"))
    ending = "/.ATTRIBUTES/VARIABLE_VALUE"
    written = {
        key.removesuffix(ending): shape
        for key, shape in tf.train.list_variables(path)
        if key.endswith(ending)
    }
    assert written == {v.tf2_key: list(v.shape) for v in detector.description.variables}
    other = build_detector(detector.config, seed=8)
    status = tf.train.Checkpoint(model=other.weights.tree).read(path)
    status.assert_existing_objects_matched()
    for name, variable in detector.weights.by_name.items():
        np.testing.assert_array_equal(variable, other.weights[name])


def test_networks_without_a_tf2_form_are_kept_under_our_names() -> None:
    anchors = "ssd_anchor_generator { num_layers: 5 aspect_ratios: 1.0 }"
    weights = build_detector(pipeline("embedded_ssd_mobilenet_v1", anchors=anchors)).weights
    assert weights.by_tf2_key() == {}
    assert weights.tree.backbone.conv_0.kernel is weights["backbone/conv_0/kernel"]
    assert (
        weights.by_tf1_name()["FeatureExtractor/MobilenetV1/Conv2d_0/weights"]
        is weights["backbone/conv_0/kernel"]
    )


@pytest.mark.parametrize("name", ["pose.Soffset", "a..b.Sc", "a..S.S", "...S"])
def test_a_slash_in_an_attribute_is_written_as_the_checkpoint_writes_it(tmp_path: Path, name: str) -> None:
    tree = object_tree({f"model/head/{name}/0/kernel": tf.Variable(1.0)})
    path = tf.train.Checkpoint(model=tree).write(str(tmp_path / "ckpt"))
    assert f"model/head/{name}/0/kernel/.ATTRIBUTES/VARIABLE_VALUE" in dict(tf.train.list_variables(path))


def test_frozen_variables_are_not_trainable_and_their_statistics_stay() -> None:
    frozen = build_detector(pipeline("ssd_mobilenet_v2", train='freeze_variables: "FeatureExtractor"'))
    assert {v.name.split("/")[0] for v in frozen.weights.trainable} == {"head"}
    assert frozen.forward(images(64), training=True).updates == []


def test_freeze_batchnorm_keeps_all_statistics() -> None:
    frozen = build_detector(pipeline("ssd_mobilenet_v2_fpn_keras", ssd="freeze_batchnorm: true"))
    assert frozen.forward(images(64), training=True).updates == []
    assert any("gamma" in v.name for v in frozen.weights.trainable)


def test_scores_are_converted_outside_of_training_only() -> None:
    config = pipeline(
        "ssd_mobilenet_v2_fpn_keras", head="score_converter: SIGMOID", ssd="freeze_batchnorm: true"
    )
    converted = build_detector(config)
    logits = converted.forward(images(64), training=True).predictions.class_predictions
    scores = converted.forward(images(64)).predictions.class_predictions
    np.testing.assert_allclose(scores, tf.sigmoid(logits), atol=1e-6)


def test_box_encodings_are_clipped_where_the_config_says() -> None:
    head = "box_encodings_clip_range { min: -0.001 max: 0.002 }"
    boxes = build_detector(pipeline(head=head)).forward(images(64), training=True).predictions.box_encodings
    assert (float(tf.reduce_min(boxes)), float(tf.reduce_max(boxes))) == pytest.approx((-0.001, 0.002))


@pytest.mark.parametrize(("dtype", "tolerance"), [("bfloat16", 0.4), ("float16", 0.1)])
def test_mixed_precision_returns_float32_near_the_full_result(
    detector: Detector, dtype: str, tolerance: float
) -> None:
    """Rounding to 8 or 11 bits after each of sixty operations; unrelated values would differ by about 1."""
    half = Detector(detector.config, detector.description, detector.weights, tf.as_dtype(dtype))
    got, want = half.forward(images(64)).predictions, detector.forward(images(64)).predictions
    assert got.feature_maps[0].dtype == tf.as_dtype(dtype)
    assert got.box_encodings.dtype == tf.float32
    assert float(tf.math.reduce_std(want.box_encodings)) > 0.01
    assert difference(got.box_encodings, want.box_encodings) < tolerance
    assert half.forward(images(64), training=True).updates[0][1].dtype == tf.float32
    assert {v.dtype for v in half.weights.all} == {tf.float32}
