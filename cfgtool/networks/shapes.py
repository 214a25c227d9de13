"""Networks on shapes: lists the variables and counts the cost, with nothing computed and nothing imported
for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from cfgtool.networks.names import Names
from cfgtool.networks.ops import (
    ONES,
    ZEROS,
    BatchNorm,
    Bias,
    Fusion,
    Kernel,
    Ops,
    Padding,
    Weights,
    window,
)
from cfgtool.networks.plain_shapes import Shape, windows
from cfgtool.networks.region_shapes import RegionShapeOps
from cfgtool.networks.variables import Difference, Initializer, Variable

__all__ = ["Shape", "ShapeOps"]

_PLAIN = Weights(ZEROS)
_TF1_LEAVES = {
    "kernel": "weights",
    "bias": "biases",
    "depthwise_kernel": "depthwise_weights",
    "pointwise_kernel": "pointwise_weights",
}


class ShapeOps(RegionShapeOps):
    """`ops.Ops[Shape]`: infers shapes, records variables, counts.

    After a run: `variables` by name in the order of first use, `differences` between the generations,
    `multiply_adds` of convolutions for the whole batch, and `activation_bytes`, the float32 size of
    everything that the operations returned (what a training step keeps at most).

    An operation records its variables first, then counts, then calls `_made`: `accounting.CostOps` attributes
    costs to layers by that order.
    """

    __slots__ = ("differences", "variables")

    def __init__(self, *, training: bool = False) -> None:
        super().__init__(training=training)
        self.variables: dict[str, Variable] = {}
        self.differences: list[Difference] = []

    def fork(self) -> ShapeOps:
        """A counter of the same kind for another run of layers that run here too: see `join`."""
        return ShapeOps(training=self.training)

    def join(self, fork: ShapeOps, before: int) -> None:
        """Let the multiply-adds since there were `before` be those that `fork` counted for the same layers."""
        self.multiply_adds = before + fork.multiply_adds

    def differs(self, scope: Names, what: str) -> None:
        """See `Ops.differs`."""
        difference = Difference(scope.name, what)
        if difference not in self.differences:
            self.differences.append(difference)

    def conv(
        self,
        x: Shape,
        layer: Names,
        filters: int,
        kernel: Kernel,
        *,
        weights: Weights,
        bias: Bias | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
        dilation: int = 1,
    ) -> Shape:
        """See `Ops.conv`."""
        height, width = window(kernel)
        self._weights(layer, "kernel", (height, width, x[3], filters), weights)
        self._bias(layer, filters, bias)
        out = windows(x, (height, width), stride, padding, dilation)
        self.multiply_adds += prod(out) * height * width * x[3] * filters
        return self._made((*out, filters))

    def depthwise_conv(
        self,
        x: Shape,
        layer: Names,
        kernel: Kernel,
        *,
        weights: Weights,
        bias: Bias | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
        dilation: int = 1,
    ) -> Shape:
        """See `Ops.depthwise_conv`."""
        height, width = window(kernel)
        self._weights(layer, "depthwise_kernel", (height, width, x[3], 1), weights)
        self._bias(layer, x[3], bias)
        out = windows(x, (height, width), stride, padding, dilation)
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
        bias: Bias | None = None,
        stride: int = 1,
        padding: Padding = "SAME",
        multiplier: int = 1,
    ) -> Shape:
        """See `Ops.separable_conv`."""
        height, width = window(kernel)
        middle = x[3] * multiplier
        self._weights(layer, "depthwise_kernel", (height, width, x[3], multiplier), depthwise)
        self._weights(layer, "pointwise_kernel", (1, 1, middle, filters), pointwise)
        self._bias(layer, filters, bias)
        out = windows(x, (height, width), stride, padding, 1)
        self.multiply_adds += prod(out) * middle * (height * width + filters)
        self._made((*out, middle))
        return self._made((*out, filters))

    def transposed_conv(
        self,
        x: Shape,
        layer: Names,
        filters: int,
        kernel: Kernel,
        *,
        weights: Weights,
        bias: Bias | None = None,
        stride: int = 1,
    ) -> Shape:
        """See `Ops.transposed_conv`."""
        height, width = window(kernel)
        self._weights(layer, "kernel", (height, width, filters, x[3]), weights)
        self._bias(layer, filters, bias)
        self.multiply_adds += prod(x) * height * width * filters
        return self._made((x[0], x[1] * stride, x[2] * stride, filters))

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

    def dense(
        self, x: Shape, layer: Names, units: int, *, weights: Weights, bias: Bias | None = None
    ) -> Shape:
        """See `Ops.dense`."""
        self._weights(layer, "kernel", (x[-1], units), weights)
        self._bias(layer, units, bias)
        self.multiply_adds += prod(x) * units
        return self._made((*x[:-1], units))

    def weighted_sum(self, values: Sequence[Shape], layer: Names, method: Fusion) -> Shape:  # noqa: ARG002
        """See `Ops.weighted_sum`."""
        if len(set(values)) > 1:
            raise ValueError(f"shapes differ: {', '.join(map(str, values))}")
        self._record(layer, "bifpn_combine_weights", (len(values), 1), ONES, _PLAIN, trainable=True)
        return self._made(values[0])

    def unused(self, layers: Callable[[Ops[Shape], Shape], object], x: Shape) -> None:
        """See `Ops.unused`."""
        aside = ShapeOps(training=self.training)
        layers(aside, x)
        self.variables |= aside.variables

    def _weights(self, layer: Names, leaf: str, shape: Shape, weights: Weights) -> None:
        self._record(layer, leaf, shape, weights.initializer, weights, trainable=True)

    def _bias(self, layer: Names, filters: int, bias: Bias | None) -> None:
        if bias is not None:
            weights = bias if isinstance(bias, Weights) else Weights(bias)
            self._weights(layer, "bias", (filters,), weights)

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
