"""MobileDet (Xiong et al. 2020, arXiv:2004.14525): backbones that were searched for four kinds of device."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from cfgtool.networks.backbones.squeeze_excite import squeeze_excite
from cfgtool.networks.blocks import Unit, conv_unit, depthwise_unit
from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import BatchNorm, Ops, Weights
from cfgtool.networks.variables import Initializer

T = TypeVar("T")

_L2 = 0.00004
_HE = Initializer("variance_scaling", factor=2.0, mode="fan_in")
_TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of a standard normal cut at two standard deviations."""
HYPER = Hyperparams(Weights(_HE, l2=_L2), BatchNorm(decay=0.99, epsilon=0.01), "relu_6", bias=False)
"""The settings of the backbone; the config cannot override them."""


class Bottleneck(NamedTuple):
    """IBN: an inverted bottleneck, its input widened `expansion` times. Expansion 1 leaves the widening
    out.
    """

    filters: int
    expansion: int
    kernel: int = 3
    stride: int = 1
    residual: bool = True


class Fused(NamedTuple):
    """An inverted bottleneck whose widening and depthwise convolution are one full convolution."""

    filters: int
    expansion: int
    kernel: int = 3
    stride: int = 1
    residual: bool = True


class Tucker(NamedTuple):
    """A convolution between two of 1x1; its input and output have these shares of the channels."""

    filters: int
    input_ratio: float
    output_ratio: float
    residual: bool = True


Block = Bottleneck | Fused | Tucker


class Device(NamedTuple):
    """One of the four backbones; `gated`: its bottlenecks have squeeze and excitation."""

    scope: str
    first: int
    blocks: tuple[Block, ...]
    activation: str = "relu_6"
    gated: bool = False


CPU = Device(
    "MobileDetCPU",
    16,
    (
        Bottleneck(8, 1, residual=False),
        Bottleneck(16, 4, stride=2, residual=False),
        Bottleneck(32, 8, stride=2, residual=False),
        *[Bottleneck(32, 4)] * 3,
        Bottleneck(72, 8, 5, 2, residual=False),
        Bottleneck(72, 8),
        Bottleneck(72, 4, 5),
        Bottleneck(72, 4),
        Bottleneck(72, 8, residual=False),
        *[Bottleneck(72, 8)] * 3,
        Bottleneck(104, 8, 5, 2, residual=False),
        *[Bottleneck(104, 4, 5)] * 2,
        Bottleneck(104, 4),
        Bottleneck(144, 8, residual=False),
    ),
    activation="hard_swish",
    gated=True,
)
DSP = Device(
    "MobileDetDSP",
    32,
    (
        Bottleneck(24, 1, residual=False),
        Fused(32, 4, stride=2, residual=False),
        Fused(32, 4),
        Bottleneck(32, 4),
        Tucker(32, 0.25, 0.75),
        Fused(64, 8, stride=2, residual=False),
        Bottleneck(64, 4),
        *[Fused(64, 4)] * 2,
        Fused(120, 8, stride=2, residual=False),
        Bottleneck(120, 4),
        *[Bottleneck(120, 8)] * 2,
        Fused(144, 8, residual=False),
        *[Bottleneck(144, 8)] * 3,
        Bottleneck(160, 4, stride=2, residual=False),
        Bottleneck(160, 4),
        Fused(160, 4),
        Tucker(160, 0.75, 0.75),
        Bottleneck(240, 8, residual=False),
    ),
)
EDGE_TPU = Device(
    "MobileDetEdgeTPU",
    32,
    (
        Tucker(16, 0.25, 0.75, residual=False),
        Fused(16, 8, stride=2, residual=False),
        Fused(16, 4),
        Fused(16, 8),
        Fused(16, 4),
        Fused(40, 8, 5, 2, residual=False),
        *[Fused(40, 4)] * 3,
        Bottleneck(72, 8, stride=2, residual=False),
        Bottleneck(72, 8),
        *[Fused(72, 4)] * 2,
        Bottleneck(96, 8, 5, residual=False),
        Bottleneck(96, 8, 5),
        *[Bottleneck(96, 8)] * 2,
        Bottleneck(120, 8, 5, 2, residual=False),
        Bottleneck(120, 8),
        Bottleneck(120, 4, 5),
        Bottleneck(120, 8),
        Bottleneck(384, 8, 5, residual=False),
    ),
)
GPU = Device(
    "MobileDetGPU",
    32,
    (
        Tucker(16, 0.25, 0.25, residual=False),
        Fused(32, 8, stride=2, residual=False),
        *[Tucker(32, 0.25, 0.25)] * 3,
        Fused(64, 8, stride=2, residual=False),
        *[Fused(64, 8)] * 2,
        Fused(64, 4),
        Fused(128, 8, stride=2, residual=False),
        *[Fused(128, 4)] * 3,
        Fused(128, 8, residual=False),
        *[Fused(128, 8)] * 3,
        Fused(128, 4, stride=2, residual=False),
        *[Fused(128, 4)] * 3,
        Bottleneck(384, 8, residual=False),
    ),
)


def scale_filters(filters: int, factor: float) -> int:
    """`filters` times `factor`, to the nearest multiple of 8 and not below 8."""
    return max(int(filters * factor / 8 + 0.5) * 8, 8)


def mobiledet(
    ops: Ops[T], image: T, scope: Names, hyper: Hyperparams, device: Device, depth_multiplier: float
) -> tuple[T, T]:
    """The maps of strides 16 (before the last halving) and 32."""
    hyper = hyper._replace(activation=device.activation)
    filters = scale_filters(device.first, depth_multiplier)
    x = conv_unit(ops, image, Layers(scope), Unit("stem", "", "", "Conv"), hyper, filters, 3, stride=2)
    before = x
    counts: dict[str, int] = {}
    for number, block in enumerate(device.blocks):
        label = "IBNNoExpansion" if block[1] == 1 else _LABELS[type(block)]
        count = counts[label] = counts.get(label, -1) + 1
        place = scope.child(f"block_{number}", tf1=f"{label}_{count}" if count else label)
        block = block._replace(filters=scale_filters(block.filters, depth_multiplier))
        if isinstance(block, Tucker):
            x = _tucker(ops, x, place, hyper, block)
        else:
            if block.stride == 2:
                before = x
            run = _bottleneck if isinstance(block, Bottleneck) else _fused
            x = run(ops, x, place, hyper, block, gated=device.gated)
    return before, x


_LABELS = {Bottleneck: "IBN", Fused: "FusedConv", Tucker: "TuckerConv"}


def _bottleneck(
    ops: Ops[T], x: T, place: Names, hyper: Hyperparams, block: Bottleneck | Fused, *, gated: bool
) -> T:
    layers = Layers(place)
    width = (ops.shape(x)[3] or 1) * block.expansion
    y = x
    if block.expansion > 1:
        y = conv_unit(ops, y, layers, Unit("expand", "", "", "Conv"), hyper, width, 1)
    # He's initialisation with the fan of one filter.
    stddev = (2.0 / block.kernel**2) ** 0.5 / _TRUNCATED_STDDEV
    y = depthwise_unit(
        ops,
        y,
        layers,
        Unit("depthwise", "", "", "SeparableConv2d"),
        hyper,
        block.kernel,
        weights=Weights(Initializer("truncated_normal", stddev=stddev), l2=_L2),
        stride=block.stride,
    )
    if gated:
        scope = place.child("squeeze_excite", tf1="SqueezeExcite")
        y = squeeze_excite(
            ops,
            y,
            scope.child("reduce", tf1="Conv"),
            scope.child("expand", tf1="Conv_1"),
            scale_filters(width, 0.25),
            weights=hyper.weights,
            activation=hyper.activation,
            gate="sigmoid",
        )
    label = "Conv" if block.expansion == 1 else "Conv_1"
    y = conv_unit(ops, y, layers, Unit("project", "", "", label), hyper, block.filters, 1, activate=False)
    return ops.add(y, x) if block.residual else y


def _fused(
    ops: Ops[T],
    x: T,
    place: Names,
    hyper: Hyperparams,
    block: Bottleneck | Fused,
    *,
    gated: bool,  # noqa: ARG001
) -> T:
    layers = Layers(place)
    width = (ops.shape(x)[3] or 1) * block.expansion
    unit = Unit("expand", "", "", "Conv")
    y = conv_unit(ops, x, layers, unit, hyper, width, block.kernel, stride=block.stride)
    unit = Unit("project", "", "", "Conv_1")
    y = conv_unit(ops, y, layers, unit, hyper, block.filters, 1, activate=False)
    return ops.add(y, x) if block.residual else y


def _tucker(ops: Ops[T], x: T, place: Names, hyper: Hyperparams, block: Tucker) -> T:
    layers = Layers(place)
    width = scale_filters(ops.shape(x)[3] or 1, block.input_ratio)
    y = conv_unit(ops, x, layers, Unit("reduce", "", "", "Conv"), hyper, width, 1)
    width = scale_filters(block.filters, block.output_ratio)
    y = conv_unit(ops, y, layers, Unit("conv", "", "", "Conv_1"), hyper, width, 3)
    unit = Unit("expand", "", "", "Conv_2")
    y = conv_unit(ops, y, layers, unit, hyper, block.filters, 1, activate=False)
    return ops.add(y, x) if block.residual else y
