"""MobileNet V2 (Sandler et al. 2018, arXiv:1801.04381), up to its last 1x1 convolution."""

from __future__ import annotations

from typing import TypeVar

from cfgtool.networks.blocks import Unit, conv_unit, depthwise_unit
from cfgtool.networks.hyperparams import Generation, Hyperparams
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import Ops, Padding, Weights

T = TypeVar("T")

_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, filters, blocks and stride of the first block, as in table 2 of the paper."""

BLOCKS = tuple(
    (expansion, filters, stride if index == 0 else 1)
    for expansion, filters, count, stride in _STAGES
    for index in range(count)
)
"""Expansion, filters and stride of the blocks 0 to 16."""


def round_filters(depth: float, minimum: int) -> int:
    """`depth` rounded to a multiple of 8 that is not more than 10 % below it and not below `minimum`."""
    rounded = max(minimum, int(depth + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * depth else rounded


class Widths:
    """Numbers of filters under a depth multiplier; the two generations round differently in rare cases."""

    __slots__ = ("_generation", "_minimum", "_multiplier")

    def __init__(self, generation: Generation, multiplier: float, minimum: int) -> None:
        self._generation = generation
        self._multiplier = multiplier
        self._minimum = minimum

    def block(self, depth: int) -> int:
        """Filters of the first convolution and of a block's projection."""
        if self._generation == "tf1":
            return round_filters(depth * self._multiplier, self._minimum)
        return max(self.asked(depth), self._minimum)

    def asked(self, depth: int) -> int:
        """Filters of a block before the minimum, which Keras goes by where it decides on a residual connection."""
        if self._generation == "tf1":
            return self.block(depth)
        return round_filters(int(depth * self._multiplier), 8)

    def last(self, depth: int) -> int:
        """Filters of the final convolution, which Keras does not widen for a multiplier above 1."""
        if self._generation == "tf2" and self._multiplier >= 1:
            return max(depth, self._minimum)
        return self.block(depth)


def mobilenet_v2(
    ops: Ops[T],
    image: T,
    scope: Names,
    hyper: Hyperparams,
    *,
    widths: Widths,
    depthwise: Weights,
    padding: Padding = "SAME",
    last_filters: int | None = 1280,
) -> dict[str, T]:
    """Feature maps by name: `block_N` and `block_N_expand` (N 0 to 16) and, unless `last_filters` is None,
    `last`, with `depthwise` as the weights of depthwise kernels.

    Strides against the image: block_2: 4, block_5: 8, block_12 and block_13_expand: 16, last: 32.
    """
    layers = Layers(scope, functional=True)
    stem = Unit("stem", "Conv1", "bn_Conv1", "Conv")
    x = conv_unit(ops, image, layers, stem, hyper, widths.block(32), 3, stride=2, padding=padding)
    outputs: dict[str, T] = {}
    for number, (expansion, filters, stride) in enumerate(BLOCKS):
        expanded, y = _block(
            ops, x, layers, number, hyper, depthwise, expansion, widths.block(filters), stride, padding
        )
        x = ops.add(x, y) if stride == 1 and ops.shape(x)[3] == widths.asked(filters) else y
        outputs[f"block_{number}_expand"], outputs[f"block_{number}"] = expanded, x
    if last_filters is not None:
        unit = Unit("last", "Conv_1", "Conv_1_bn", "Conv_1")
        outputs["last"] = conv_unit(ops, x, layers, unit, hyper, widths.last(last_filters), 1)
    return outputs


def _block(
    ops: Ops[T],
    x: T,
    layers: Layers,
    number: int,
    hyper: Hyperparams,
    depthwise: Weights,
    expansion: int,
    filters: int,
    stride: int,
    padding: Padding,
) -> tuple[T, T]:
    """One inverted residual block: its expanded input and its output, to which a residual connection adds the input."""

    def unit(part: str) -> Unit:
        keras = f"block_{number}_{part}" if number else f"expanded_conv_{part}"
        tf1 = f"expanded_conv_{number}/{part}" if number else f"expanded_conv/{part}"
        return Unit(f"block_{number}/{part}", keras, f"{keras}_BN", tf1)

    channels = ops.shape(x)[3]
    expanded = x
    if expansion > 1 and channels is not None:
        expanded = conv_unit(ops, x, layers, unit("expand"), hyper, expansion * channels, 1)
    y = depthwise_unit(
        ops, expanded, layers, unit("depthwise"), hyper, 3, weights=depthwise, stride=stride, padding=padding
    )
    return expanded, conv_unit(ops, y, layers, unit("project"), hyper, filters, 1, activate=False)
