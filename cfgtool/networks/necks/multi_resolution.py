"""The extra layers of SSD (Liu et al. 2016, arXiv:1512.02325, section 2.1): ever smaller maps on top of a
backbone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from cfgtool.networks.blocks import Unit, conv_unit, depthwise_unit
from cfgtool.networks.hyperparams import Generation, Hyperparams, unconfigured
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import Ops, Padding

T = TypeVar("T")


class Extra(NamedTuple):
    """One extra map: its filters before the depth multiplier, and the edge of its kernel."""

    depth: int
    kernel: int = 3


def multi_resolution(
    ops: Ops[T],
    maps: Sequence[T],
    scope: Names,
    hyper: Hyperparams,
    *,
    base: str,
    extras: Sequence[Extra],
    depth_multiplier: float,
    min_depth: int,
    use_depthwise: bool,
    padding: Padding,
    generation: Generation,
) -> list[T]:
    """`maps` and one map for each of `extras`, each half as high and wide as the one before.

    Each is made by a 1x1 convolution to half the depth and a convolution of stride 2. `base` is the OD API's
    name of the last backbone layer, which the names of the extra layers begin with.
    """

    def filters(depth: float) -> int:
        return max(int(depth * depth_multiplier), min_depth)

    result = list(maps)
    for index, (depth, kernel) in enumerate(extras, start=len(maps)):
        name = f"extra_{index}"
        layers = Layers(scope.child("", tf2=str(index)))
        half, full = filters(depth / 2), filters(depth)
        unit = _unit(f"{name}/reduce", f"{base}_1_Conv2d_{index}_1x1_{half}")
        x = conv_unit(ops, result[-1], layers, unit, hyper, half, 1)
        # Keras pads in a layer of its own, which takes a number in the list.
        if padding == "FIXED":
            layers.skip()
        label = f"{base}_2_Conv2d_{index}_{kernel}x{kernel}_s2_{full}"
        unit = _unit(f"{name}/conv", label)
        if use_depthwise:
            own = unconfigured(hyper, generation)
            first = _unit(f"{name}/depthwise", f"{label}_depthwise")
            x = depthwise_unit(ops, x, layers, first, hyper, kernel, weights=own, stride=2, padding=padding)
            x = conv_unit(ops, x, layers, unit, hyper, full, 1)
        else:
            x = conv_unit(ops, x, layers, unit, hyper, full, kernel, stride=2, padding=padding)
        result.append(x)
    return result


def _unit(name: str, label: str) -> Unit:
    return Unit(name, f"{label}_conv", f"{label}_batchnorm", label)
