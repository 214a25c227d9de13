"""Feature Pyramid Network (Lin et al. 2017, arXiv:1612.03144), as SSD uses it, also with separable
convolutions (FPN-Lite).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from cfgtool.networks.blocks import Unit, conv_unit, separable_unit
from cfgtool.networks.hyperparams import Generation, Hyperparams, unconfigured
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import ZEROS, Ops, Padding

T = TypeVar("T")


class Settings(NamedTuple):
    """What the convolutions of a pyramid have in common; `generation` decides wiring and starts of
    pointwise kernels.
    """

    depth: int
    hyper: Hyperparams
    generation: Generation
    use_depthwise: bool = False
    padding: Padding = "SAME"


def top_down(ops: Ops[T], maps: Sequence[T], scope: Names, settings: Settings) -> list[T]:
    """A map of `depth` channels for each of `maps` (finest first, each half the size of the one before).

    The two generations differ: in TF2 the map below continues from the smoothed map, in TF1 from the sum
    before the smoothing.
    """
    depth, hyper = settings.depth, settings.hyper
    if len(maps) > 2:  # with two the map below the top is the last one: nothing goes on from it
        ops.differs(scope, "TF1 hands the plain sum down the feature pyramid, TF2 the smoothed map")

    def project(x: T, number: int, tf2: str) -> T:
        name = f"projection_{number}"
        layer = scope.child(name, tf2=tf2, keras=name, tf1=name)
        return ops.conv(x, layer, depth, 1, weights=hyper.weights, bias=ZEROS)

    top = project(maps[-1], len(maps), "top_layers/0")
    result = [top]
    for index, level in enumerate(reversed(range(len(maps) - 1))):
        residual = project(maps[level], level + 1, f"residual_blocks/{index}/0")
        top = ops.upsample_add(top, residual)
        layers = Layers(scope.child("", tf2=f"conv_layers/{index}"))
        smooth = _smooth(ops, top, layers, f"smoothing_{level + 1}", f"smoothing_{level + 1}", settings)
        result.append(smooth)
        if settings.generation == "tf2":
            top = smooth
    return result[::-1]


def coarse_levels(
    ops: Ops[T],
    x: T,
    scope: Names,
    settings: Settings,
    *,
    levels: range,
    first_number: int,
) -> list[T]:
    """One map for each of `levels`, each made from the one before by a convolution of stride 2.

    The OD API names them `bottom_up_Conv2d_N`, N counting from `first_number`.
    """
    result: list[T] = []
    for index, level in enumerate(levels):
        layers = Layers(scope.child("", tf2=str(index)))
        label = f"bottom_up_Conv2d_{first_number + index}"
        x = _smooth(ops, x, layers, f"coarse_{level}", label, settings, stride=2)
        result.append(x)
    return result


def _smooth(
    ops: Ops[T], x: T, layers: Layers, name: str, label: str, settings: Settings, *, stride: int = 1
) -> T:
    """A 3x3 convolution, full or separable, with normalisation and activation."""
    depth, hyper, padding = settings.depth, settings.hyper, settings.padding
    if padding == "FIXED":
        layers.skip()
    if not settings.use_depthwise:
        unit = Unit(name, f"{label}_conv", f"{label}_batchnorm", label)
        return conv_unit(ops, x, layers, unit, hyper, depth, 3, stride=stride, padding=padding)
    unit = Unit(name, f"{label}_depthwise_conv", f"{label}_batchnorm", label)
    pointwise = unconfigured(hyper, settings.generation)
    return separable_unit(
        ops, x, layers, unit, hyper, depth, 3, pointwise=pointwise, stride=stride, padding=padding
    )
