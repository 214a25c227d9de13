"""Feature Pyramid Network (Lin et al. 2017, arXiv:1612.03144), as SSD uses it, also with separable
convolutions (FPN-Lite).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.blocks import Unit, conv_unit, separable_unit
from cfgtool.networks.hyperparams import Generation, Hyperparams, unconfigured
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import ZEROS, Ops, Padding

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")

TOP = 5
"""The coarsest level that comes from the backbone; level n has stride 2 ** n."""


class Levels(NamedTuple):
    """The levels `first` to `last` of a pyramid, and the channels of all of them."""

    first: int
    last: int
    depth: int

    @property
    def top(self) -> int:
        """The coarsest level that comes from the backbone."""
        return min(self.last, TOP)


def configured_levels(config: Config) -> Levels:
    """What a `FeaturePyramidNetworks` message says, whether or not it can be built."""
    return Levels(
        config.integer("min_level"), config.integer("max_level"), config.integer("additional_layer_depth")
    )


def read_levels(config: Config) -> Levels:
    """The `FeaturePyramidNetworks` message. Raises UserError for levels that no backbone has."""
    levels = configured_levels(config)
    if not 2 <= levels.first <= levels.top:
        raise UserError(
            f"fpn.min_level {levels.first} is not between 2 and {levels.top}",
            hint="the usual levels are 3 to 7",
        )
    return levels


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


def feature_pyramid(
    ops: Ops[T],
    maps: Sequence[T],
    scopes: tuple[Names, Names],
    settings: Settings,
    levels: Levels,
    *,
    first_number: int,
    label: str = "bottom_up_Conv2d_",
) -> list[T]:
    """The maps of all `levels`: those of `maps` by `top_down` in the first scope, and coarser ones in the second,
    each made from the one before by a convolution of stride 2.

    The OD API names the coarse layers `label` and a number that counts from `first_number`. Raises UserError for a
    pyramid without channels.
    """
    if settings.depth < 1:
        raise UserError(
            f"a feature pyramid cannot have {settings.depth} channels",
            hint="set fpn.additional_layer_depth, such as 256",
        )
    result = top_down(ops, maps, scopes[0], settings)
    for index, level in enumerate(range(levels.top + 1, levels.last + 1)):
        layers = Layers(scopes[1].child("", tf2=str(index)))
        numbered = f"{label}{first_number + index}"
        result.append(_smooth(ops, result[-1], layers, f"coarse_{level}", numbered, settings, stride=2))
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
