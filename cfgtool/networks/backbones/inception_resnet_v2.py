"""Inception-ResNet-v2 (Szegedy et al. 2016, arXiv:1602.07261), in the two parts that a two-stage detector
uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import NamedTuple, TypeVar

from cfgtool.networks.blocks import Unit, conv_unit
from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import GLOROT, ZEROS, BatchNorm, Kernel, Ops, Padding, window

T = TypeVar("T")


class _Conv(NamedTuple):
    """A convolution of a branch: filters, window, slim's mark of its place, stride."""

    filters: int
    kernel: Kernel
    place: str
    stride: int = 1


class _Residual(NamedTuple):
    """A residual block: its branches, how often it is repeated, and what its output is multiplied by."""

    branches: tuple[tuple[_Conv, ...], ...]
    repeats: int
    scale: float


_STEM = (
    _Conv(32, 3, "1a", 2),
    _Conv(32, 3, "2a"),
    _Conv(64, 3, "2b"),
    _Conv(80, 1, "3b"),
    _Conv(192, 3, "4a"),
)
_POOLED_AFTER = ("2b", "4a")

_MIXED_5B = (
    (_Conv(96, 1, ""),),
    (_Conv(48, 1, "0a"), _Conv(64, 5, "0b")),
    (_Conv(64, 1, "0a"), _Conv(96, 3, "0b"), _Conv(96, 3, "0c")),
    (_Conv(64, 1, "0b"),),
)
"""The last branch comes after a mean pool."""
_MIXED_6A = (
    (_Conv(384, 3, "1a", 2),),
    (_Conv(256, 1, "0a"), _Conv(256, 3, "0b"), _Conv(384, 3, "1a", 2)),
)
_MIXED_7A = (
    (_Conv(256, 1, "0a"), _Conv(384, 3, "1a", 2)),
    (_Conv(256, 1, "0a"), _Conv(288, 3, "1a", 2)),
    (_Conv(256, 1, "0a"), _Conv(288, 3, "0b"), _Conv(320, 3, "1a", 2)),
)
"""Both have a max pool as one more branch."""

_BLOCK_35 = _Residual(
    (
        (_Conv(32, 1, ""),),
        (_Conv(32, 1, "0a"), _Conv(32, 3, "0b")),
        (_Conv(32, 1, "0a"), _Conv(48, 3, "0b"), _Conv(64, 3, "0c")),
    ),
    10,
    0.17,
)
_BLOCK_17 = _Residual(
    ((_Conv(192, 1, ""),), (_Conv(128, 1, "0a"), _Conv(160, (1, 7), "0b"), _Conv(192, (7, 1), "0c"))), 20, 0.1
)
_BLOCK_8 = _Residual(
    ((_Conv(192, 1, ""),), (_Conv(192, 1, "0a"), _Conv(224, (1, 3), "0b"), _Conv(256, (3, 1), "0c"))), 9, 0.2
)

_FIRST_CONVOLUTIONS = 156
"""How many convolutions with a batch norm the first part has."""


def _hyper(*, trains_norms: bool) -> Hyperparams:
    return Hyperparams(GLOROT, BatchNorm(scale=False, train=trains_norms), "relu", bias=False)


class _Builder:
    """One part of the network: the places of its layers, and Keras' numbers of its convolutions."""

    __slots__ = ("hyper", "layers", "numbers")

    def __init__(self, scope: Names, hyper: Hyperparams, first: int) -> None:
        self.layers = Layers(scope, functional=True)
        self.hyper = hyper
        self.numbers: Iterator[int] = count(first)

    def conv(
        self,
        ops: Ops[T],
        x: T,
        layers: Layers,
        scope: tuple[str, str],
        conv: _Conv,
        *,
        padding: Padding = "SAME",
        stride: int | None = None,
        dilation: int = 1,
    ) -> T:
        """A convolution in `scope` (ours, slim's), with normalisation and activation."""
        number = next(self.numbers)
        suffix = f"_{number}" if number else ""
        own, slim = scope
        height, width = window(conv.kernel)
        mark = f"{conv.place}_" if conv.place else ""
        unit = Unit(
            f"{own}conv_{conv.place or '1'}",
            f"conv2d{suffix}",
            f"freezable_batch_norm{suffix}",
            f"{slim}Conv2d_{mark}{height}x{width}",
        )
        return conv_unit(
            ops,
            x,
            layers,
            unit,
            self.hyper,
            conv.filters,
            conv.kernel,
            stride=conv.stride if stride is None else stride,
            padding=padding,
            dilation=dilation,
        )

    def branches(
        self,
        ops: Ops[T],
        inputs: Sequence[T],
        scope: tuple[str, str],
        branches: Sequence[Sequence[_Conv]],
        *,
        padding: Padding = "SAME",
        stride: int | None = None,
        dilation: int = 1,
    ) -> list[T]:
        """The outputs of branches, each with its own of `inputs`. `padding` and `stride` are those of the
        convolutions that have a stride.
        """
        result: list[T] = []
        own, slim = scope
        for index, layers in enumerate(self.layers.branches([len(branch) for branch in branches])):
            y, place = inputs[index], (f"{own}/branch_{index}/", f"{slim}/Branch_{index}/")
            for conv in branches[index]:
                strided = conv.stride > 1
                y = self.conv(
                    ops,
                    y,
                    layers,
                    place,
                    conv,
                    padding=padding if strided else "SAME",
                    stride=stride if strided else None,
                    dilation=dilation,
                )
            result.append(y)
        return result

    def residual(
        self,
        ops: Ops[T],
        x: T,
        scope: tuple[str, str, str],
        block: _Residual,
        *,
        scale: float | None = None,
        activate: bool = True,
        dilation: int = 1,
    ) -> T:
        """A residual block in `scope` (ours, Keras', slim's)."""
        own, keras, slim = scope
        inputs = [x] * len(block.branches)
        mixed = ops.concat(self.branches(ops, inputs, (own, slim), block.branches, dilation=dilation), axis=3)
        layer = self.layers.next(f"{own}/project", keras=f"{keras}_conv", tf1=f"{slim}/Conv2d_1x1")
        up = ops.conv(mixed, layer, ops.shape(x)[3] or 0, 1, weights=GLOROT, bias=ZEROS)
        x = ops.add(x, ops.scale(up, block.scale if scale is None else scale))
        return ops.activation(x, "relu") if activate else x

    def residuals(
        self, ops: Ops[T], x: T, name: str, repeat: str, block: _Residual, *, dilation: int = 1
    ) -> T:
        """All repetitions of a residual block."""
        for number in range(1, block.repeats + 1):
            label = f"{name}_{number}"
            x = self.residual(ops, x, (label, label, f"{repeat}/{label}"), block, dilation=dilation)
        return x


def first_part(ops: Ops[T], image: T, scope: Names, *, stride: int, trains_norms: bool) -> T:
    """From the image to the last block of width 1088, at 1/16 of the image's size or 1/8.

    At `stride` 8 the second reduction keeps the size and the blocks after it are dilated by 2.
    """
    builder = _Builder(scope, _hyper(trains_norms=trains_norms), 0)
    x = image
    for conv in _STEM:
        x = builder.conv(ops, x, builder.layers, ("", ""), conv)
        if conv.place in _POOLED_AFTER:
            x = ops.max_pool(x, 3, stride=2)
    inputs = [x, x, x, ops.avg_pool(x, 3, stride=1)]
    x = ops.concat(builder.branches(ops, inputs, ("mixed_5b", "Mixed_5b"), _MIXED_5B), axis=3)
    x = builder.residuals(ops, x, "block35", "Repeat", _BLOCK_35)
    dense = stride == 8
    step = 1 if dense else 2
    reduced = builder.branches(ops, [x, x], ("mixed_6a", "Mixed_6a"), _MIXED_6A, stride=step)
    x = ops.concat([*reduced, ops.max_pool(x, 3, stride=step)], axis=3)
    return builder.residuals(ops, x, "block17", "Repeat_1", _BLOCK_17, dilation=2 if dense else 1)


def second_part(ops: Ops[T], x: T, scope: Names, *, padding: Padding, trains_norms: bool) -> T:
    """The rest, up to the last convolution: 1536 channels, half the size of `x`; `padding` is that of the reduction."""
    builder = _Builder(scope, _hyper(trains_norms=trains_norms), _FIRST_CONVOLUTIONS)
    reduced = builder.branches(ops, [x, x, x], ("mixed_7a", "Mixed_7a"), _MIXED_7A, padding=padding)
    x = ops.concat([*reduced, ops.max_pool(x, 3, stride=2, padding=padding)], axis=3)
    x = builder.residuals(ops, x, "block8", "Repeat", _BLOCK_8)
    last = ("block8_10", "block8_10", "Block8")
    x = builder.residual(ops, x, last, _BLOCK_8, scale=1.0, activate=False)
    unit = Unit("conv_7b", "conv_7b", "conv_7b_bn", "Conv2d_7b_1x1")
    return conv_unit(ops, x, builder.layers, unit, builder.hyper, 1536, 1)
