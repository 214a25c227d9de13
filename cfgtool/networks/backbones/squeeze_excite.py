"""Squeeze and excitation: a gate per channel, computed from its mean (Hu et al. 2017, arXiv:1709.01507)."""

from __future__ import annotations

from typing import TypeVar

from cfgtool.networks.names import Names
from cfgtool.networks.ops import ZEROS, Ops, Weights

T = TypeVar("T")


def squeeze_excite(
    ops: Ops[T],
    x: T,
    reduce: Names,
    expand: Names,
    inner: int,
    *,
    weights: Weights,
    activation: str,
    gate: str,
) -> T:
    """`x` [batch, height, width, channels] times its gates; `inner` channels lie between the two layers."""
    y = ops.conv(ops.global_mean(x), reduce, inner, 1, weights=weights, bias=ZEROS)
    y = ops.activation(y, activation)
    y = ops.conv(y, expand, ops.shape(x)[3] or 1, 1, weights=weights, bias=ZEROS)
    return ops.multiply(x, ops.activation(y, gate))
