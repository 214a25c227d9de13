"""Networks on shapes: lists the variables and counts the cost, with nothing computed and nothing imported
for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from cfgtool.networks.names import Names
from cfgtool.networks.ops import ONES, ZEROS, BatchNorm, Kernel, Padding, Weights, window
from cfgtool.networks.variables import Initializer, Variable

Shape = tuple[int, ...]
"""`[batch, height, width, channels]`, or any other shape of a value."""

_PLAIN = Weights(ZEROS)
_TF1_LEAVES = {
    "kernel": "weights",
    "bias": "biases",
    "depthwise_kernel": "depthwise_weights",
    "pointwise_kernel": "pointwise_weights",
}


class ShapeOps:
    """`ops.Ops[Shape]`: infers shapes, records variables, counts.

    After a run: `variables` by name in the order of first use, `multiply_adds` of convolutions for the whole
    batch, and `activation_bytes`, the float32 size of everything that the operations returned (what a
    training step keeps at most).

    An operation records its variables first, then counts, then calls `_made`: `accounting.CostOps` attributes
    costs to layers by that order.
    """

    __slots__ = ("activation_bytes", "multiply_adds", "training", "variables")

    def __init__(self, *, training: bool = False) -> None:
        self.training = training
        self.variables: dict[str, Variable] = {}
        self.multiply_adds = 0
        self.activation_bytes = 0

    def shape(self, x: Shape) -> tuple[int | None, ...]:
        """The shape itself."""
        return x

    def conv(
        self,
        x: Shape,
        layer: Names,
        filters: int,
        kernel: Kernel,
        *,
        weights: Weights,
        bias: Initializer | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
        dilation: int = 1,
    ) -> Shape:
        """See `Ops.conv`."""
        height, width = window(kernel)
        self._weights(layer, "kernel", (height, width, x[3], filters), weights)
        self._bias(layer, filters, bias)
        out = _windows(x, (height, width), stride, padding, dilation)
        self.multiply_adds += prod(out) * height * width * x[3] * filters
        return self._made((*out, filters))

    def depthwise_conv(
        self,
        x: Shape,
        layer: Names,
        kernel: Kernel,
        *,
        weights: Weights,
        bias: Initializer | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
        dilation: int = 1,
    ) -> Shape:
        """See `Ops.depthwise_conv`."""
        height, width = window(kernel)
        self._weights(layer, "depthwise_kernel", (height, width, x[3], 1), weights)
        self._bias(layer, x[3], bias)
        out = _windows(x, (height, width), stride, padding, dilation)
        self.multiply_adds += prod(out) * height * width * x[3]
        return self._made((*out, x[3]))

    def separable_conv(
        self,
        x: Shape,
        layer: Names,
        filters: int,
        kernel: Kernel,
        *,
        depthwise: Weights,
        pointwise: Weights,
        bias: Initializer | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
    ) -> Shape:
        """See `Ops.separable_conv`."""
        height, width = window(kernel)
        self._weights(layer, "depthwise_kernel", (height, width, x[3], 1), depthwise)
        self._weights(layer, "pointwise_kernel", (1, 1, x[3], filters), pointwise)
        self._bias(layer, filters, bias)
        out = _windows(x, (height, width), stride, padding, 1)
        self.multiply_adds += prod(out) * x[3] * (height * width + filters)
        self._made((*out, x[3]))
        return self._made((*out, filters))

    def batch_norm(self, x: Shape, layer: Names, norm: BatchNorm) -> Shape:
        """See `Ops.batch_norm`."""
        channels = (x[-1],)
        if norm.scale:
            self._record(layer, "gamma", channels, ONES, _PLAIN, trainable=True)
        if norm.center:
            self._record(layer, "beta", channels, ZEROS, _PLAIN, trainable=True)
        self._record(layer, "moving_mean", channels, ZEROS, _PLAIN, trainable=False)
        self._record(layer, "moving_variance", channels, ONES, _PLAIN, trainable=False)
        return self._made(x)

    def activation(self, x: Shape, kind: str) -> Shape:
        """See `Ops.activation`."""
        return x if kind == "none" else self._made(x)

    def add(self, a: Shape, b: Shape) -> Shape:
        """See `Ops.add`."""
        if a != b:
            raise ValueError(f"shapes differ: {a} and {b}")
        return self._made(a)

    def upsample_add(self, small: Shape, large: Shape) -> Shape:
        """See `Ops.upsample_add`."""
        if small[3] != large[3] or small[1] * 2 < large[1] or small[2] * 2 < large[2]:
            raise ValueError(f"{small} doubled does not cover {large}")
        return self._made(large)

    def concat(self, values: Sequence[Shape], axis: int) -> Shape:
        """See `Ops.concat`."""
        first = list(values[0])
        first[axis] = sum(value[axis] for value in values)
        return self._made(tuple(first))

    def max_pool(self, x: Shape, kernel: Kernel, *, stride: int, padding: Padding = "SAME") -> Shape:
        """See `Ops.max_pool`."""
        return self._made((*_windows(x, window(kernel), stride, padding, 1), x[3]))

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

    def clip(self, x: Shape, low: float, high: float) -> Shape:  # noqa: ARG002
        """See `Ops.clip`."""
        return self._made(x)

    def _made(self, shape: Shape) -> Shape:
        self.activation_bytes += 4 * prod(shape)
        return shape

    def _weights(self, layer: Names, leaf: str, shape: Shape, weights: Weights) -> None:
        self._record(layer, leaf, shape, weights.initializer, weights, trainable=True)

    def _bias(self, layer: Names, filters: int, bias: Initializer | None) -> None:
        if bias is not None:
            self._record(layer, "bias", (filters,), bias, _PLAIN, trainable=True)

    def _record(
        self,
        layer: Names,
        leaf: str,
        shape: Shape,
        initializer: Initializer,
        weights: Weights,
        *,
        trainable: bool,
    ) -> None:
        name = f"{layer.name}/{leaf}"
        known = self.variables.get(name)
        if known is not None:
            if known.shape != shape:
                raise ValueError(f"{name!r} is used with the shapes {known.shape} and {shape}")
            return
        self.variables[name] = Variable(
            name,
            shape,
            trainable,
            initializer,
            None if layer.tf2 is None else f"{layer.tf2}/{leaf}",
            None if layer.keras is None else f"{layer.keras}/{leaf}",
            None if layer.tf1 is None else f"{layer.tf1}/{_TF1_LEAVES.get(leaf, leaf)}",
            weights.l2,
            l1=weights.l1,
        )


def _windows(x: Shape, size: tuple[int, int], stride: int, padding: Padding, dilation: int) -> Shape:
    """[batch, height, width] after a window of `size` has been moved over `x`."""
    if padding == "VALID":
        height, width = (n - dilation * (k - 1) for n, k in zip(x[1:3], size, strict=True))
    else:
        height, width = x[1:3]
    return (x[0], -(-height // stride), -(-width // stride))
