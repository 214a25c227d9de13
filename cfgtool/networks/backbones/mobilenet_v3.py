"""MobileNet V3 (Howard et al. 2019, arXiv:1905.02244) and its relative for the Edge TPU, as detectors use them.

The last blocks are half as wide as in the classifiers.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from cfgtool.networks.backbones.mobilenet_v2 import round_filters
from cfgtool.networks.backbones.squeeze_excite import squeeze_excite
from cfgtool.networks.blocks import Unit, conv_unit, depthwise_unit
from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import Ops, Padding, Weights

T = TypeVar("T")


class Block(NamedTuple):
    """An inverted residual block: the input's channels times `expansion`, a depthwise convolution, `filters`.

    `fused`: one full convolution of that kernel expands instead of a 1x1 one and a depthwise one. `gated`:
    with squeeze and excitation. `residual` False keeps the input from being added where it could be.
    """

    expansion: float
    filters: int
    kernel: int
    stride: int = 1
    gated: bool = False
    activation: str = "relu"
    fused: bool = False
    residual: bool = True


class Network(NamedTuple):
    """A whole backbone: filters of the first convolution and its activation, the blocks, and filters of a
    last 1x1 convolution, 0 for none.
    """

    first: int
    first_activation: str
    blocks: tuple[Block, ...]
    last: int


_SWISH = "hard_swish"

LARGE = Network(
    16,
    _SWISH,
    (
        Block(1, 16, 3),
        Block(4, 24, 3, 2),
        Block(3, 24, 3),
        Block(3, 40, 5, 2, gated=True),
        Block(3, 40, 5, gated=True),
        Block(3, 40, 5, gated=True),
        Block(6, 80, 3, 2, activation=_SWISH),
        Block(2.5, 80, 3, activation=_SWISH),
        Block(184 / 80, 80, 3, activation=_SWISH),
        Block(184 / 80, 80, 3, activation=_SWISH),
        Block(6, 112, 3, gated=True, activation=_SWISH),
        Block(6, 112, 3, gated=True, activation=_SWISH),
        Block(6, 80, 5, 2, gated=True, activation=_SWISH),
        Block(6, 80, 5, gated=True, activation=_SWISH),
        Block(6, 80, 5, gated=True, activation=_SWISH),
    ),
    480,
)
"""Table 1 of the paper."""
SMALL = Network(
    16,
    _SWISH,
    (
        Block(1, 16, 3, 2, gated=True),
        Block(72 / 16, 24, 3, 2),
        Block(88 / 24, 24, 3),
        Block(4, 40, 5, 2, gated=True, activation=_SWISH),
        Block(6, 40, 5, gated=True, activation=_SWISH),
        Block(6, 40, 5, gated=True, activation=_SWISH),
        Block(3, 48, 5, gated=True, activation=_SWISH),
        Block(3, 48, 5, gated=True, activation=_SWISH),
        Block(6, 48, 5, 2, gated=True, activation=_SWISH),
        Block(6, 48, 5, gated=True, activation=_SWISH),
        Block(6, 48, 5, gated=True, activation=_SWISH),
    ),
    288,
)
"""Table 2 of the paper."""
EDGE_TPU = Network(
    32,
    "relu",
    (
        Block(1, 16, 3, fused=True),
        Block(8, 32, 3, 2, fused=True),
        *[Block(4, 32, 3, fused=True)] * 3,
        Block(8, 48, 3, 2, fused=True),
        *[Block(4, 48, 3, fused=True)] * 3,
        Block(8, 96, 3, 2),
        *[Block(4, 96, 3)] * 3,
        Block(8, 96, 3, residual=False),
        *[Block(4, 96, 3)] * 3,
        Block(8, 160, 5, 2),
        *[Block(4, 160, 5)] * 3,
        Block(8, 192, 3),
    ),
    0,
)

_SQUEEZE = 4
_DIVISOR = 8


class Settings(NamedTuple):
    """What all blocks have in common: filters come from the config's depth multiplier and least depth."""

    hyper: Hyperparams
    depthwise: Weights
    padding: Padding
    depth_multiplier: float
    min_depth: int

    def filters(self, depth: int) -> int:
        """Filters under the depth multiplier."""
        return round_filters(depth * self.depth_multiplier, self.min_depth)


def mobilenet_v3(ops: Ops[T], image: T, scope: Names, settings: Settings, network: Network) -> dict[str, T]:
    """Feature maps by name: `block_N` and `block_N_expand` (N from 0), and `last` where there is such a
    layer.
    """
    hyper = settings.hyper
    unit = Unit("stem", "", "", "Conv")
    first = hyper._replace(activation=network.first_activation)
    x = conv_unit(
        ops,
        image,
        Layers(scope),
        unit,
        first,
        settings.filters(network.first),
        3,
        stride=2,
        padding=settings.padding,
    )
    outputs: dict[str, T] = {}
    for number, block in enumerate(network.blocks):
        expanded, x = _block(ops, x, scope, number, settings, block)
        outputs[f"block_{number}_expand"], outputs[f"block_{number}"] = expanded, x
    if network.last:
        unit = Unit("last", "", "", "Conv_1")
        filters = settings.filters(network.last)
        outputs["last"] = conv_unit(ops, x, Layers(scope), unit, first, filters, 1)
    return outputs


def _block(ops: Ops[T], x: T, scope: Names, number: int, settings: Settings, block: Block) -> tuple[T, T]:
    """One block: its expanded input and its output."""
    layers = Layers(scope)
    tf1 = f"expanded_conv_{number}" if number else "expanded_conv"
    hyper = settings.hyper._replace(activation=block.activation)

    def unit(part: str) -> Unit:
        return Unit(f"block_{number}/{part}", "", "", f"{tf1}/{part}")

    channels = ops.shape(x)[3] or 1
    width = round_filters(channels * block.expansion, _DIVISOR)
    y = x
    if block.expansion > 1:
        kernel, stride = (block.kernel, block.stride) if block.fused else (1, 1)
        y = conv_unit(
            ops,
            y,
            layers,
            unit("expand"),
            hyper,
            width,
            kernel,
            stride=stride,
            padding=settings.padding if block.fused else "SAME",
        )
    expanded = y
    if not block.fused:
        y = depthwise_unit(
            ops,
            y,
            layers,
            unit("depthwise"),
            hyper,
            block.kernel,
            weights=settings.depthwise,
            stride=block.stride,
            padding=settings.padding,
        )
    if block.gated:
        place = scope.child(f"block_{number}/squeeze_excite", tf1=f"{tf1}/squeeze_excite")
        y = squeeze_excite(
            ops,
            y,
            place.child("reduce", tf1="Conv"),
            place.child("expand", tf1="Conv_1"),
            round_filters((ops.shape(y)[3] or 1) / _SQUEEZE, _DIVISOR),
            weights=hyper.weights,
            activation="relu",
            gate="rounded_hard_sigmoid",
        )
    filters = settings.filters(block.filters)
    y = conv_unit(ops, y, layers, unit("project"), hyper, filters, 1, activate=False)
    if block.residual and block.stride == 1 and channels == filters:
        y = ops.add(x, y)
    return expanded, y
