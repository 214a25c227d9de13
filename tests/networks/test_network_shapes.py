"""Shapes, variables and costs of single operations."""

from __future__ import annotations

import pytest

from cfgtool.networks.names import Names
from cfgtool.networks.ops import GLOROT, ZEROS, BatchNorm, Padding, Weights
from cfgtool.networks.shapes import ShapeOps

LAYER = Names("layer", "model/layer", "keras_layer", "Slim/layer")


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "dilation", "expected"),
    [
        (10, 3, 1, "SAME", 1, 10),
        (10, 3, 2, "SAME", 1, 5),
        (11, 3, 2, "SAME", 1, 6),
        (11, 3, 2, "FIXED", 1, 6),
        (10, 3, 2, "FIXED", 1, 5),
        (10, 3, 1, "VALID", 1, 8),
        (10, 3, 2, "VALID", 1, 4),
        (11, 3, 1, "VALID", 2, 7),
        (1, 3, 2, "SAME", 1, 1),
    ],
)
def test_size_of_a_convolution(
    size: int, kernel: int, stride: int, padding: Padding, dilation: int, expected: int
) -> None:
    out = ShapeOps().conv(
        (2, size, size, 3),
        LAYER,
        8,
        kernel,
        weights=GLOROT,
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    assert out == (2, expected, expected, 8)


def test_a_convolution_records_kernel_bias_and_cost() -> None:
    ops = ShapeOps()
    ops.conv((1, 4, 4, 3), LAYER, 8, (1, 3), weights=GLOROT._replace(l2=0.5), bias=ZEROS)
    kernel, bias = ops.variables.values()
    assert (kernel.name, kernel.shape, kernel.l2) == ("layer/kernel", (1, 3, 3, 8), 0.5)
    assert (kernel.tf2_key, kernel.keras_name, kernel.tf1_name) == (
        "model/layer/kernel",
        "keras_layer/kernel",
        "Slim/layer/weights",
    )
    assert (bias.name, bias.shape, bias.l2, bias.tf1_name) == ("layer/bias", (8,), 0.0, "Slim/layer/biases")
    assert ops.multiply_adds == 4 * 4 * 3 * 3 * 8
    assert ops.activation_bytes == 4 * 4 * 4 * 8


def test_a_separable_convolution_is_counted_as_its_two_parts() -> None:
    one, two = ShapeOps(), ShapeOps()
    one.separable_conv((1, 8, 8, 4), LAYER, 6, 3, depthwise=GLOROT, pointwise=GLOROT)
    x = two.depthwise_conv((1, 8, 8, 4), LAYER, 3, weights=GLOROT)
    two.conv(x, LAYER, 6, 1, weights=GLOROT)
    assert one.multiply_adds == two.multiply_adds
    assert one.activation_bytes == two.activation_bytes
    assert [v.shape for v in one.variables.values()] == [(3, 3, 4, 1), (1, 1, 4, 6)]


def test_a_transposed_convolution_enlarges_and_is_counted_by_its_input() -> None:
    ops = ShapeOps()
    out = ops.transposed_conv((2, 4, 5, 3), LAYER, 8, (3, 2), weights=GLOROT, bias=ZEROS, stride=2)
    assert out == (2, 8, 10, 8)
    assert [v.shape for v in ops.variables.values()] == [(3, 2, 8, 3), (8,)]
    assert ops.multiply_adds == 2 * 4 * 5 * 3 * 3 * 2 * 8


@pytest.mark.parametrize(
    ("norm", "leaves"),
    [
        (BatchNorm(), ["gamma", "beta", "moving_mean", "moving_variance"]),
        (BatchNorm(scale=False), ["beta", "moving_mean", "moving_variance"]),
        (BatchNorm(center=False), ["gamma", "moving_mean", "moving_variance"]),
    ],
)
def test_batch_norm_has_the_variables_that_are_asked_for(norm: BatchNorm, leaves: list[str]) -> None:
    ops = ShapeOps()
    ops.batch_norm((1, 2, 2, 5), LAYER, norm)
    assert [name.removeprefix("layer/") for name in ops.variables] == leaves
    assert [v.trainable for v in ops.variables.values()] == [not leaf.startswith("moving") for leaf in leaves]
    assert ops.variables["layer/moving_variance"].initializer.value == 1.0


def test_a_layer_called_again_shares_its_variables() -> None:
    ops = ShapeOps()
    for size in (4, 2):
        ops.conv((1, size, size, 3), LAYER, 8, 3, weights=GLOROT)
    assert len(ops.variables) == 1
    with pytest.raises(ValueError, match="'layer/kernel' is used with the shapes"):
        ops.conv((1, 4, 4, 5), LAYER, 8, 3, weights=GLOROT)


def test_small_operations() -> None:
    ops = ShapeOps()
    assert ops.concat([(1, 4, 2), (1, 6, 2)], axis=1) == (1, 10, 2)
    assert ops.reshape((2, 4, 4, 12), (-1, 4)) == (2, 48, 4)
    assert ops.reshape((2, 12), (3, 4)) == (2, 3, 4)
    assert ops.upsample_add((1, 3, 3, 8), (1, 5, 6, 8)) == (1, 5, 6, 8)
    assert ops.max_pool((1, 19, 19, 8), 2, stride=2) == (1, 10, 10, 8)
    assert ops.pad_to_multiple((1, 33, 64, 3), 32) == (1, 64, 64, 3)
    assert ops.clip(ops.activation((1, 2), "relu"), 0, 1) == (1, 2)
    assert ops.cut((1, 14, 14, 8), (1, 13, 12, 3)) == (1, 13, 12, 8)


def test_values_that_do_not_fit_are_an_error() -> None:
    ops = ShapeOps()
    with pytest.raises(ValueError, match="shapes differ"):
        ops.add((1, 4, 4, 8), (1, 4, 4, 9))
    with pytest.raises(ValueError, match="does not cover"):
        ops.upsample_add((1, 2, 2, 8), (1, 5, 5, 8))
    with pytest.raises(ValueError, match="does not cover"):
        ops.cut((1, 4, 4, 8), (1, 5, 4, 8))
    with pytest.raises(ValueError, match="shapes differ"):
        ops.weighted_sum([(1, 4, 4, 8), (1, 4, 5, 8)], LAYER, "attention")


@pytest.mark.parametrize(("training", "size"), [(True, 4 * 6), (False, 0)])
def test_dropout_costs_in_training_only(training: bool, size: int) -> None:
    ops = ShapeOps(training=training)
    assert ops.dropout((1, 6), 0.8) == (1, 6)
    assert ops.activation_bytes == size
    assert ops.stochastic_depth((1, 6), 0.8) == (1, 6)
    assert ops.activation_bytes == 2 * size


def test_a_weighted_sum_has_a_number_for_each_value() -> None:
    ops = ShapeOps()
    assert ops.weighted_sum([(1, 4, 4, 8)] * 3, LAYER, "fast_attention") == (1, 4, 4, 8)
    (variable,) = ops.variables.values()
    assert (variable.tf2_key, variable.shape) == ("model/layer/bifpn_combine_weights", (3, 1))
    assert (variable.initializer.value, variable.trainable) == (1.0, True)


def test_layers_without_use_have_variables_and_no_cost() -> None:
    ops = ShapeOps()
    ops.unused(lambda ops, x: ops.conv(x, LAYER, 8, 3, weights=GLOROT), (1, 4, 4, 3))
    assert list(ops.variables) == ["layer/kernel"]
    assert (ops.multiply_adds, ops.activation_bytes) == (0, 0)


def test_a_bias_may_have_a_penalty() -> None:
    ops = ShapeOps()
    ops.dense((1, 4), LAYER, 2, weights=GLOROT, bias=Weights(ZEROS, l2=0.25))
    assert {name: variable.l2 for name, variable in ops.variables.items()} == {
        "layer/kernel": 0.0,
        "layer/bias": 0.25,
    }
