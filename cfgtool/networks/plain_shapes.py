"""Operations without variables on shapes: what comes out, and how many bytes it takes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Literal

from cfgtool.networks.ops import Kernel, Padding, window

Shape = tuple[int, ...]
"""`[batch, height, width, channels]`, or any other shape of a value."""


class PlainShapeOps:
    """The part of `ops.Ops[Shape]` that has no variables; `activation_bytes` counts the float32 size of all
    values that were made.
    """

    __slots__ = ("activation_bytes", "training")

    def __init__(self, *, training: bool) -> None:
        self.training = training
        self.activation_bytes = 0

    def shape(self, x: Shape) -> tuple[int | None, ...]:
        """The shape itself."""
        return x

    def activation(self, x: Shape, kind: str) -> Shape:
        """See `Ops.activation`."""
        return x if kind == "none" else self._made(x)

    def add(self, a: Shape, b: Shape) -> Shape:
        """See `Ops.add`."""
        if a != b and not _broadcast(a, b):
            raise ValueError(f"shapes differ: {a} and {b}")
        return self._made(tuple(map(max, a, b)))

    def upsample_add(self, small: Shape, large: Shape) -> Shape:
        """See `Ops.upsample_add`."""
        if small[3] != large[3] or small[1] * 2 < large[1] or small[2] * 2 < large[2]:
            raise ValueError(f"{small} doubled does not cover {large}")
        return self._made(large)

    def multiply(self, a: Shape, b: Shape) -> Shape:
        """See `Ops.multiply`."""
        if not _broadcast(a, b):
            raise ValueError(f"shapes do not fit: {a} and {b}")
        return self._made(tuple(map(max, a, b)))

    def scale(self, x: Shape, factor: float) -> Shape:  # noqa: ARG002
        """See `Ops.scale`."""
        return self._made(x)

    def concat(self, values: Sequence[Shape], axis: int) -> Shape:
        """See `Ops.concat`."""
        first = list(values[0])
        first[axis] = sum(value[axis] for value in values)
        return self._made(tuple(first))

    def max_pool(self, x: Shape, kernel: Kernel, *, stride: int, padding: Padding = "SAME") -> Shape:
        """See `Ops.max_pool`."""
        return self._made((*windows(x, window(kernel), stride, padding, 1), x[3]))

    def avg_pool(self, x: Shape, kernel: Kernel, *, stride: int, padding: Padding = "SAME") -> Shape:
        """See `Ops.avg_pool`."""
        return self._made((*windows(x, window(kernel), stride, padding, 1), x[3]))

    def global_mean(self, x: Shape) -> Shape:
        """See `Ops.global_mean`."""
        return self._made((x[0], 1, 1, x[3]))

    def resize(
        self,
        x: Shape,
        size: tuple[int, int],
        *,
        method: Literal["nearest", "bilinear", "corners"] = "nearest",  # noqa: ARG002
    ) -> Shape:
        """See `Ops.resize`."""
        return self._made((x[0], *size, x[3]))

    def upsample(
        self,
        x: Shape,
        factor: int,
        *,
        method: Literal["nearest", "bilinear"] = "nearest",  # noqa: ARG002
    ) -> Shape:
        """See `Ops.upsample`."""
        return self._made((x[0], x[1] * factor, x[2] * factor, x[3]))

    def cut(self, x: Shape, like: Shape) -> Shape:
        """See `Ops.cut`."""
        if x[1] < like[1] or x[2] < like[2]:
            raise ValueError(f"{x} does not cover {like}")
        return (x[0], *like[1:3], x[3])

    def shift(self, x: Shape) -> Shape:
        """See `Ops.shift`."""
        return self._made(x)

    def split(self, x: Shape, parts: int) -> list[Shape]:
        """See `Ops.split`."""
        return [self._made((*x[:-1], x[-1] // parts)) for _ in range(parts)]

    def pad(self, x: Shape, height: tuple[int, int], width: tuple[int, int]) -> Shape:
        """See `Ops.pad`."""
        return self._made((x[0], x[1] + sum(height), x[2] + sum(width), x[3]))

    def pad_to_multiple(self, x: Shape, multiple: int) -> Shape:
        """See `Ops.pad_to_multiple`."""
        height, width = (-(-size // multiple) * multiple for size in x[1:3])
        return (x[0], height, width, x[3])

    def reshape(self, x: Shape, shape: tuple[int, ...]) -> Shape:
        """See `Ops.reshape`."""
        if -1 not in shape:
            return (x[0], *shape)
        # With one entry of -1 the product of all is minus the product of the others.
        rest = prod(x[1:]) // -prod(shape)
        return (x[0], *(rest if size == -1 else size for size in shape))

    def dropout(self, x: Shape, keep_probability: float) -> Shape:  # noqa: ARG002
        """See `Ops.dropout`."""
        return self._made(x) if self.training else x

    def stochastic_depth(self, x: Shape, keep_probability: float) -> Shape:
        """See `Ops.stochastic_depth`."""
        return self.dropout(x, keep_probability)

    def clip(self, x: Shape, low: float, high: float) -> Shape:  # noqa: ARG002
        """See `Ops.clip`."""
        return self._made(x)

    def _made(self, shape: Shape) -> Shape:
        self.activation_bytes += 4 * prod(shape)
        return shape


def _broadcast(a: Shape, b: Shape) -> bool:
    return len(a) == len(b) and all(m == n or 1 in (m, n) for m, n in zip(a, b, strict=True))


def windows(x: Shape, size: tuple[int, int], stride: int, padding: Padding, dilation: int) -> Shape:
    """`[batch, height, width]` after a window of `size` has been moved over `x`."""
    if padding == "VALID":
        height, width = (n - dilation * (k - 1) for n, k in zip(x[1:3], size, strict=True))
    else:
        height, width = x[1:3]
    return (x[0], -(-height // stride), -(-width // stride))
