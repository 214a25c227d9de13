"""Stacked hourglass networks (Newell et al. 2016, arXiv:1603.06937) of residual units, as CornerNet (Law and Deng
2018, arXiv:1808.01244, section 3.5) and CenterNet have them.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from cfgtool.networks.names import Names
from cfgtool.networks.ops import GLOROT, BatchNorm, Ops

T = TypeVar("T")

_NORM = BatchNorm(decay=0.1, epsilon=1e-5, sample=False)


class Hourglass(NamedTuple):
    """`widths[i]` are the filters at depth i of an hourglass, `units[i]` the residual units in a row there; the last
    depth is its inside. `stem` are the filters of the first convolution, `stacks` the hourglasses behind one
    another.
    """

    stem: int
    widths: tuple[int, ...]
    units: tuple[int, ...]
    stacks: int = 1

    @property
    def stride(self) -> int:
        """How much smaller than the image the smallest map is; sizes of images must be multiples of it."""
        return 4 << (len(self.widths) - 1)


HOURGLASSES = {
    10: Hourglass(32, (64, 64), (1, 1)),
    20: Hourglass(48, (96, 96, 144), (1, 2, 2)),
    32: Hourglass(48, (96, 96, 144, 144), (2, 2, 2, 2)),
    52: Hourglass(64, (128, 128, 192, 192, 192, 256), (2, 2, 2, 2, 2, 4)),
    104: Hourglass(128, (256, 256, 384, 384, 384, 512), (2, 2, 2, 2, 2, 4), stacks=2),
}
"""By the number of layers on the longest way through the network."""


def hourglass(ops: Ops[T], image: T, scope: Names, network: Hourglass) -> list[T]:
    """One map of stride 4 for each hourglass of the stack, the last one being the best."""
    width = network.widths[0]
    place = _child(scope, "stem", "downsample_input")
    x = _conv(ops, image, _child(place, "conv", "conv_block"), network.stem, 7, stride=2)
    x = _residual(ops, x, _child(place, "residual", "residual_block"), width, stride=2)
    maps: list[T] = []
    for index in range(network.stacks):
        place = _child(scope, f"hourglass_{index}", f"hourglass_network/{index}")
        y = _level(ops, x, place, network.widths, network.units)
        y = _conv(ops, y, _child(scope, f"output_{index}", f"output_conv/{index}"), width, 3)
        maps.append(y)
        if index + 1 < network.stacks:
            before = _child(scope, f"between_{index}/input", f"intermediate_conv1/{index}")
            after = _child(scope, f"between_{index}/output", f"intermediate_conv2/{index}")
            x = ops.add(
                _conv(ops, x, before, width, 1, activate=False),
                _conv(ops, y, after, width, 1, activate=False),
            )
            x = ops.activation(x, "relu")
            x = _residual(
                ops, x, _child(scope, f"between_{index}/residual", f"intermediate_residual/{index}"), width
            )
    return maps


def _level(ops: Ops[T], x: T, place: Names, widths: tuple[int, ...], units: tuple[int, ...]) -> T:
    """One depth of an hourglass and all that is deeper: a way at full size beside one at half the size."""
    width, inside = widths[:2]
    beside = _row(ops, x, place, "beside", "encoder_block1", [width] * units[0])
    y = _row(ops, x, place, "down", "encoder_block2", [inside] * units[0], stride=2)
    if len(widths) > 2:
        y = _level(ops, y, _child(place, "deeper", "inner_block/0"), widths[1:], units[1:])
    else:
        y = _row(ops, y, place, "inside", "inner_block", [inside] * units[1])
    y = _row(ops, y, place, "up", "decoder_block", [inside] * (units[0] - 1) + [width])
    return ops.add(beside, ops.upsample(y, 2))


def _row(ops: Ops[T], x: T, place: Names, name: str, tf2: str, widths: list[int], *, stride: int = 1) -> T:
    """Residual units of `widths` filters in a row, the first one with `stride`."""
    for index, width in enumerate(widths):
        unit = _child(place, f"{name}/unit_{index}", f"{tf2}/{index}")
        x = _residual(ops, x, unit, width, stride=stride if index == 0 else 1)
    return x


def _residual(ops: Ops[T], x: T, place: Names, filters: int, *, stride: int = 1) -> T:
    """Two 3x3 convolutions beside the input, which is projected where size or depth change."""
    y = _conv(ops, x, _child(place, "conv_1", "conv_block"), filters, 3, stride=stride)
    y = ops.conv(y, _child(place, "conv_2", "conv"), filters, 3, weights=GLOROT)
    y = ops.batch_norm(y, _child(place, "conv_2/batch_norm", "norm"), _NORM)
    if stride > 1 or ops.shape(x)[3] != filters:
        x = _conv(ops, x, _child(place, "shortcut", "skip"), filters, 1, stride=stride, activate=False)
    return ops.activation(ops.add(y, x), "relu")


def _conv(
    ops: Ops[T], x: T, place: Names, filters: int, kernel: int, *, stride: int = 1, activate: bool = True
) -> T:
    """A convolution over an input padded equally on all sides, with its normalisation."""
    layer = _child(place, "", "conv")
    y = ops.conv(x, layer, filters, kernel, weights=GLOROT, stride=stride, padding="FIXED")
    y = ops.batch_norm(y, _child(place, "batch_norm", "norm"), _NORM)
    return ops.activation(y, "relu") if activate else y


def _child(scope: Names, name: str, attribute: str) -> Names:
    """A part of the network; Keras numbers its layers anew in each process, so that paths serve as names there."""
    return scope.child(name, tf2=attribute, keras=attribute)
