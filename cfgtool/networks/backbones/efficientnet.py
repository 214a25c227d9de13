"""EfficientNet (Tan and Le 2019, arXiv:1905.11946): MobileNet V2's blocks with squeeze and excitation (Hu et al.
2018, arXiv:1709.01507), as many and as wide as two coefficients say.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple, TypeVar

from cfgtool.networks.backbones.mobilenet_v2 import round_filters
from cfgtool.networks.blocks import Unit, conv_unit, depthwise_unit
from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import ZEROS, BatchNorm, Ops, Weights
from cfgtool.networks.variables import Initializer

T = TypeVar("T")

Place = tuple[int, int]
"""A block: the number of its stage, and its own in the stage, both from 0."""

_STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
"""Expansion, kernel, stride of the first block, filters and blocks of B0, as in table 1 of the paper."""

COEFFICIENTS = {
    "b0": (1.0, 1.0),
    "b1": (1.0, 1.1),
    "b2": (1.1, 1.2),
    "b3": (1.2, 1.4),
    "b4": (1.4, 1.8),
    "b5": (1.6, 2.2),
    "b6": (1.8, 2.6),
    "b7": (2.0, 3.1),
}
"""Factors of the number of filters and of blocks."""

L2 = 0.00001
"""The penalty on weights of every version, in the terms of `Weights.l2`."""

_STEM_FILTERS, _TOP_FILTERS, _CLASSES = 32, 1280, 1000
_SQUEEZE = 4
_DROP_RATE = 0.2
"""How often the last block's branch would be dropped in training; from the first block on the rate rises linearly."""

_KERNEL = Initializer("variance_scaling", factor=2.0, mode="fan_out")
_CLASSIFIER = Initializer("variance_scaling", factor=1.0 / 3.0, uniform=True, mode="fan_out")


class _Block(NamedTuple):
    """A block of the version that is built; `squeezed` are the filters of the squeeze, `keep` is the probability
    that training keeps its branch.
    """

    place: Place
    expansion: int
    kernel: int
    stride: int
    filters: int
    squeezed: int
    keep: float


def efficientnet(
    ops: Ops[T], image: T, scope: Names, rest: Names, *, version: str, last: Place, l2: float = L2
) -> dict[Place, T]:
    """The outputs of the blocks up to the block `last`; strides against the image of the last block of a stage:
    0: 2, 1: 4, 2: 8, 3 and 4: 16, 5 and 6: 32.

    `version` is b0 to b7. Blocks after `last` and the classifier are listed in the scope `rest`, but not
    computed. `l2` is the penalty on kernels and biases.
    """
    width, _ = COEFFICIENTS[version]
    blocks = _blocks(version)
    used = next(number for number, block in enumerate(blocks, start=1) if block.place == last)
    hyper = Hyperparams(Weights(_KERNEL, l2), BatchNorm(decay=0.99), "swish", bias=False)
    layers = Layers(scope, functional=True)
    x = conv_unit(ops, image, layers, _unit("stem"), hyper, _width(_STEM_FILTERS, width), 3, stride=2)
    outputs: dict[Place, T] = {}
    for block in blocks[:used]:
        x = outputs[block.place] = _block(ops, x, layers, block, hyper)
    layers.scope = rest

    def remainder(ops: Ops[T], x: T) -> T:
        for block in blocks[used:]:
            x = _block(ops, x, layers, block, hyper)
        x = conv_unit(ops, x, layers, _unit("top"), hyper, _width(_TOP_FILTERS, width), 1)
        logits = layers.next("logits", keras="logits", tf1="")
        weights, bias = Weights(_CLASSIFIER, l2), Weights(ZEROS, l2)
        return ops.dense(ops.global_mean(x), logits, _CLASSES, weights=weights, bias=bias)

    ops.unused(remainder, x)
    return outputs


def _width(filters: int, coefficient: float) -> int:
    return round_filters(filters * coefficient, 8)


def _blocks(version: str) -> list[_Block]:
    """Every block, in order."""
    width, depth = COEFFICIENTS[version]
    counts = [ceil(depth * count) for *_, count in _STAGES]
    total = sum(counts)
    result: list[_Block] = []
    before = _width(_STEM_FILTERS, width)
    for stage, (expansion, kernel, stride, filters, _) in enumerate(_STAGES):
        for index in range(counts[stage]):
            keep = 1.0 - _DROP_RATE * len(result) / total
            squeezed = max(1, before // _SQUEEZE)
            own = _width(filters, width)
            step = stride if index == 0 else 1
            result.append(_Block((stage, index), expansion, kernel, step, own, squeezed, keep))
            before = own
    return result


def _block(ops: Ops[T], x: T, layers: Layers, block: _Block, hyper: Hyperparams) -> T:
    """An inverted residual block whose expanded map is weighted channel by channel."""
    scope = "stack_{}/block_{}/".format(*block.place)
    channels = ops.shape(x)[3] or 0
    expanded = channels * block.expansion
    y = x
    if block.expansion > 1:
        y = conv_unit(ops, y, layers, _unit(f"{scope}expand"), hyper, expanded, 1)
    # Their penalty is set under a name that Keras' depthwise layers do not look at.
    depthwise = hyper.weights._replace(l2=0.0)
    unit = _unit(f"{scope}depthwise")
    y = depthwise_unit(ops, y, layers, unit, hyper, block.kernel, weights=depthwise, stride=block.stride)
    weights, bias = hyper.weights, Weights(ZEROS, hyper.weights.l2)
    excitation = ops.global_mean(y)
    for part, filters, kind in (("reduce", block.squeezed, "swish"), ("expand", expanded, "sigmoid")):
        layer = layers.next(f"{scope}squeeze/{part}", keras=f"{scope}se_{part}_conv2d", tf1="")
        excitation = ops.activation(ops.conv(excitation, layer, filters, 1, weights=weights, bias=bias), kind)
    y = ops.multiply(y, excitation)
    y = conv_unit(ops, y, layers, _unit(f"{scope}project"), hyper, block.filters, 1, activate=False)
    if block.stride > 1 or channels != block.filters:
        return y
    return ops.add(ops.stochastic_depth(y, block.keep) if block.keep < 1.0 else y, x)


def _unit(name: str) -> Unit:
    return Unit(name, f"{name}_conv2d", f"{name}_bn", "")
