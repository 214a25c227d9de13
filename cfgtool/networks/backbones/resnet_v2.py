"""ResNet V2 (He et al. 2016, arXiv:1603.05027), whose units normalise and activate before they convolve, with the
wiring of Keras: a block is made smaller by its last unit.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import GLOROT, ZEROS, BatchNorm, Ops

T = TypeVar("T")

_NORM = BatchNorm(decay=0.99, epsilon=1.001e-5)
_EXPANSION = 4


class ResNetV2(NamedTuple):
    """`units` and `strides` of the blocks 1 to 4; a unit is a bottleneck of three convolutions, or has two of 3x3."""

    units: tuple[int, int, int, int]
    strides: tuple[int, int, int, int]
    bottleneck: bool


_BOTTLENECK_STRIDES = (2, 2, 2, 1)
_BASIC_STRIDES = (1, 2, 2, 2)
RESNETS = {
    18: ResNetV2((2, 2, 2, 2), _BASIC_STRIDES, bottleneck=False),
    34: ResNetV2((3, 4, 6, 3), _BASIC_STRIDES, bottleneck=False),
    50: ResNetV2((3, 4, 6, 3), _BOTTLENECK_STRIDES, bottleneck=True),
    101: ResNetV2((3, 4, 23, 3), _BOTTLENECK_STRIDES, bottleneck=True),
}
"""By the number of layers; Keras has no 18 and 34, which the OD API makes from the same parts and calls V1."""


def resnet_v2(ops: Ops[T], image: T, scope: Names, network: ResNetV2) -> list[T]:
    """The sums at the end of the blocks 1 to 4, not normalised; the last one is of stride 32."""
    layers = Layers(scope, functional=True)
    stem = layers.next("stem", keras="conv1_conv", tf1="")
    x = ops.conv(image, stem, 64, 7, weights=GLOROT, bias=ZEROS, stride=2, padding="FIXED")
    # Zeros beyond the edge count here: what is pooled may be negative.
    x = ops.max_pool(ops.pad(x, (1, 1), (1, 1)), 3, stride=2, padding="VALID")
    maps: list[T] = []
    for block, (count, stride) in enumerate(zip(network.units, network.strides, strict=True), start=1):
        for unit in range(1, count + 1):
            step = stride if unit == count else 1
            x = _unit(ops, x, layers, (block, unit), 32 << block, step, bottleneck=network.bottleneck)
        maps.append(x)
    # For classification. Its variables are in every checkpoint, but nothing looks at what it computes.
    last = layers.next("last/batch_norm", keras="post_bn", tf1="")
    ops.batch_norm(x, last, _NORM._replace(train=False))
    return maps


def _unit(
    ops: Ops[T],
    x: T,
    layers: Layers,
    place: tuple[int, int],
    filters: int,
    stride: int,
    *,
    bottleneck: bool,
) -> T:
    """The unit `place` (block and number)."""
    projects = place[1] == 1
    layer = _unit_layers(layers, place, projects=projects, bottleneck=bottleneck)
    outside = _EXPANSION * filters if bottleneck else filters
    first = ops.activation(ops.batch_norm(x, layer["preact_bn"], _NORM), "relu")
    if projects:
        shortcut = ops.conv(first, layer["0_conv"], outside, 1, weights=GLOROT, bias=ZEROS)
    else:
        shortcut = x if stride == 1 else ops.max_pool(x, 1, stride=stride)
    y = ops.conv(first, layer["1_conv"], filters, 1 if bottleneck else 3, weights=GLOROT)
    y = ops.activation(ops.batch_norm(y, layer["1_bn"], _NORM), "relu")
    y = ops.conv(y, layer["2_conv"], filters, 3, weights=GLOROT, stride=stride, padding="FIXED")
    y = ops.activation(ops.batch_norm(y, layer["2_bn"], _NORM), "relu")
    if bottleneck:
        y = ops.conv(y, layer["3_conv"], outside, 1, weights=GLOROT, bias=ZEROS)
    return ops.add(shortcut, y)


def _unit_layers(
    layers: Layers, place: tuple[int, int], *, projects: bool, bottleneck: bool
) -> dict[str, Names]:
    """The layers of a unit by their Keras names, in the order in which Keras numbers them."""
    block, unit = place
    names = {
        "preact_bn": "batch_norm",
        "1_conv": "conv_1",
        "1_bn": "conv_1/batch_norm",
        "2_conv": "conv_2",
        "2_bn": "conv_2/batch_norm",
    }
    if projects:
        names["0_conv"] = "shortcut"
    if bottleneck:
        names["3_conv"] = "conv_3"
    return {
        keras: layers.next(
            f"block_{block}/unit_{unit}/{name}", keras=f"conv{block + 1}_block{unit}_{keras}", tf1=""
        )
        for keras, name in names.items()
    }
