"""MnasFPN (Chen et al. 2019, arXiv:1912.01106): a feature pyramid that was searched for mobile devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from cfgtool.networks.blocks import normalize
from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import Ops, Weights

T = TypeVar("T")


class Block(NamedTuple):
    """The sum of two earlier maps, expanded to `width` channels in the size of `level`, and a separable
    convolution.
    """

    inputs: tuple[int, int]
    level: int
    width: int
    kernel: int = 3


_CELL = (
    Block((1, 2), 4, 256),
    Block((0, 4), 3, 128),
    Block((5, 4), 4, 128),
    Block((4, 3), 5, 128, kernel=5),
    Block((4, 3), 6, 96),
)
_CELLS = 4
LEVELS = (3, 4, 5, 6)
"""Levels of the maps that go in and come out; level n has stride 2 ** n."""


class Settings(NamedTuple):
    """`hyper` holds for 1x1 convolutions, `separable` for both kernels of separable ones; `depth` gives
    numbers of filters under the depth multiplier; `explicit` is `use_explicit_padding`.
    """

    hyper: Hyperparams
    separable: Weights
    filters: int
    depth: Callable[[int], int]
    explicit: bool


def mnasfpn(ops: Ops[T], maps: Sequence[T], scope: Names, settings: Settings) -> list[T]:
    """Maps of the levels 3 to 6 from `maps` of the same levels, through four cells."""
    current = list(maps)
    for number in range(_CELLS):
        place = scope.child(f"cell_{number}", tf1=f"cell_{number}")
        made = _cell(ops, current, place, settings)
        current = [
            ops.add(new, old) if ops.shape(new) == ops.shape(old) else new
            for new, old in zip(made, current, strict=True)
        ]
    return current


def shrink(ops: Ops[T], x: T, stride: int, *, explicit: bool) -> T:
    """The largest value of 3x3 windows, `stride` apart."""
    if not explicit:
        return ops.max_pool(x, 3, stride=stride)
    # The zeros count, unlike what lies beyond the edge.
    return ops.max_pool(ops.pad(x, (1, 1), (1, 1)), 3, stride=stride, padding="VALID")


def _cell(ops: Ops[T], maps: Sequence[T], scope: Names, settings: Settings) -> list[T]:
    features, levels = list(maps), list(LEVELS)
    hyper = settings.hyper
    for number, block in enumerate(_CELL):
        place = scope.child(f"block_{number}", tf1=f"block_{number}")
        first, second = (
            _resize(ops, features[source], levels[source], block, place, index, settings)
            for index, source in enumerate(block.inputs)
        )
        y = ops.activation(ops.add(first, second), "relu_6")
        layer = place.child("separable_conv", tf1="SepConv")
        y = ops.separable_conv(
            y,
            layer,
            settings.depth(settings.filters),
            block.kernel,
            depthwise=settings.separable,
            pointwise=settings.separable,
            bias=hyper.bias_start,
            padding="FIXED" if settings.explicit else "SAME",
        )
        features.append(normalize(ops, y, layer.child("batch_norm", tf1="BatchNorm"), hyper.norm))
        levels.append(block.level)
    return features[-len(maps) :]


def _resize(ops: Ops[T], x: T, level: int, block: Block, scope: Names, index: int, settings: Settings) -> T:
    """`x` of `level` in the size and width of the block: whatever is cheaper comes first."""
    if level < block.level:
        x = shrink(ops, x, 2 ** (block.level - level), explicit=settings.explicit)
    layers = Layers(scope.child(f"input_{index}", tf1=f"input_{index}"))
    layer = layers.next("conv", keras="", tf1="Conv1x1")
    hyper = settings.hyper
    x = ops.conv(x, layer, settings.depth(block.width), 1, weights=hyper.weights, bias=hyper.bias_start)
    x = normalize(ops, x, layer.child("batch_norm", tf1="BatchNorm"), hyper.norm)
    return ops.upsample(x, 2 ** (level - block.level)) if level > block.level else x
