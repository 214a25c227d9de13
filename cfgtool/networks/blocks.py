"""Convolution, normalisation and activation: the unit that every network here is made of."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import BatchNorm, Kernel, Ops, Padding, Weights

T = TypeVar("T")


class Unit(NamedTuple):
    """Names of a unit: ours, the Keras names of its two layers, and its TF1 scope."""

    name: str
    conv: str
    norm: str
    tf1: str


def normalize(ops: Ops[T], x: T, layer: Names, norm: BatchNorm | None) -> T:
    """Batch norm, or nothing where the config has none."""
    return x if norm is None else ops.batch_norm(x, layer, norm)


def conv_unit(
    ops: Ops[T],
    x: T,
    layers: Layers,
    unit: Unit,
    hyper: Hyperparams,
    filters: int,
    kernel: Kernel,
    *,
    stride: int = 1,
    padding: Padding = "SAME",
    dilation: int = 1,
    activate: bool = True,
) -> T:
    """A full convolution with its normalisation and activation."""
    layer = layers.next(unit.name, keras=unit.conv, tf1=unit.tf1)
    x = ops.conv(
        x,
        layer,
        filters,
        kernel,
        weights=hyper.weights,
        bias=hyper.bias_start,
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    return _finish(ops, x, layers, unit, hyper, activate=activate)


def depthwise_unit(
    ops: Ops[T],
    x: T,
    layers: Layers,
    unit: Unit,
    hyper: Hyperparams,
    kernel: Kernel,
    *,
    weights: Weights | None = None,
    stride: int = 1,
    padding: Padding = "SAME",
) -> T:
    """A depthwise convolution with its normalisation and activation; `weights` where they are not those
    of `hyper`.
    """
    layer = layers.next(unit.name, keras=unit.conv, tf1=unit.tf1)
    x = ops.depthwise_conv(
        x,
        layer,
        kernel,
        weights=weights or hyper.weights,
        bias=hyper.bias_start,
        stride=stride,
        padding=padding,
    )
    return _finish(ops, x, layers, unit, hyper)


def separable_unit(
    ops: Ops[T],
    x: T,
    layers: Layers,
    unit: Unit,
    hyper: Hyperparams,
    filters: int,
    kernel: Kernel,
    *,
    pointwise: Weights,
    stride: int = 1,
    padding: Padding = "SAME",
    multiplier: int = 1,
) -> T:
    """A separable convolution with its normalisation and activation; `pointwise` are the weights of its
    second kernel.
    """
    layer = layers.next(unit.name, keras=unit.conv, tf1=unit.tf1)
    x = ops.separable_conv(
        x,
        layer,
        filters,
        kernel,
        depthwise=hyper.weights,
        pointwise=pointwise,
        bias=hyper.bias_start,
        stride=stride,
        padding=padding,
        multiplier=multiplier,
    )
    return _finish(ops, x, layers, unit, hyper)


def _finish(ops: Ops[T], x: T, layers: Layers, unit: Unit, hyper: Hyperparams, *, activate: bool = True) -> T:
    if hyper.norm is None:
        # Keras puts an identity layer in its place.
        layers.skip()
    else:
        name, tf1 = f"{unit.name}/batch_norm", f"{unit.tf1}/BatchNorm"
        x = ops.batch_norm(x, layers.next(name, keras=unit.norm, tf1=tf1), hyper.norm)
    layers.skip()
    return ops.activation(x, hyper.activation) if activate else x
