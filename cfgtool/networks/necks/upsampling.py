"""From a backbone's coarse maps to the one map of stride 4 that CenterNet's heads look at (Zhou et al. 2019,
arXiv:1904.07850, section 5, with plain convolutions in place of deformable ones).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeVar

from cfgtool.networks.blocks import Unit, conv_unit, normalize, separable_unit
from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.names import Layers
from cfgtool.networks.ops import GLOROT, ZEROS, BatchNorm, Ops

T = TypeVar("T")

_KERAS = Hyperparams(GLOROT, BatchNorm(decay=0.99), "relu", bias=True)
"""What Keras gives layers when nothing is said."""


class Pyramid(NamedTuple):
    """`widths` are the filters of the projections, coarsest first; the last one is also the width of the result."""

    widths: tuple[int, int, int]
    separable: bool = False
    interpolation: Literal["nearest", "bilinear"] = "nearest"


def transposed(ops: Ops[T], x: T, layers: Layers, *, kernel: int) -> T:
    """`x` of stride 32 made 8 times as large, by three pairs of a convolution and a transposed one."""
    for number, filters in enumerate((256, 128, 64), start=1):
        x = conv_unit(ops, x, layers, _unit(f"conv_{number}"), _KERAS, filters, kernel)
        name = f"transposed_conv_{number}"
        layer = layers.next(name, keras=name, tf1="")
        x = ops.transposed_conv(x, layer, filters, 3, weights=GLOROT, bias=ZEROS, stride=2)
        norm = layers.next(f"{name}/batch_norm", keras=f"{name}_batch_norm", tf1="")
        x = ops.activation(normalize(ops, x, norm, _KERAS.norm), _KERAS.activation)
    return x


def pyramid(ops: Ops[T], maps: Sequence[T], layers: Layers, settings: Pyramid) -> T:
    """One map from four of the strides 4 to 32 (finest first): each coarser one is doubled and added to the next."""
    widths = settings.widths

    def project(level: int, filters: int) -> T:
        name = f"projection_{level}"
        layer = layers.next(name, keras=name, tf1="")
        return ops.conv(maps[level - 1], layer, filters, 1, weights=GLOROT, bias=ZEROS)

    x = project(len(maps), widths[0])
    for level, filters, smooth in zip((3, 2, 1), widths, (*widths[1:], widths[-1]), strict=True):
        x = ops.upsample(x, 2, method=settings.interpolation)
        x = ops.add(x, project(level, filters))
        unit = _unit(f"smoothing_{level}")
        if settings.separable:
            x = separable_unit(ops, x, layers, unit, _KERAS, smooth, 3, pointwise=GLOROT)
        else:
            x = conv_unit(ops, x, layers, unit, _KERAS, smooth, 3)
    return x


def _unit(name: str) -> Unit:
    return Unit(name, name, f"{name}_batch_norm", "")
