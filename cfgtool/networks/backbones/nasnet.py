"""NASNet-A (Zoph et al. 2017, arXiv:1707.07012) and PNASNet-5 (Liu et al. 2017, arXiv:1712.00559), the large
ones.

A network is a stack of cells. A cell combines pairs of earlier states of itself; the first two are the outputs
of the last two cells. The paths that the OD API drops at random in training are not dropped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.names import Names
from cfgtool.networks.ops import BatchNorm, Ops, Padding, Weights
from cfgtool.networks.variables import Initializer

T = TypeVar("T")

SLIM_WEIGHTS = Weights(Initializer("variance_scaling", factor=2.0, mode="fan_out"), l2=0.00005)
"""Slim's own settings, which hold where the config does not reach."""


class Pair(NamedTuple):
    """Two states, what is done with each, and the sum of both.

    An operation is `sep_K` (two separable convolutions of edge K), `max`, `avg` (3x3 poolings) or `none`.
    State 0 is the last cell's output, 1 that of the cell before, 2 and more the sums of the pairs in turn.
    """

    left: str
    left_state: int
    right: str
    right_state: int


class Cell(NamedTuple):
    """Pairs in turn, and the states that are concatenated for the output."""

    pairs: tuple[Pair, ...]
    output: tuple[int, ...]


class Network(NamedTuple):
    """A whole backbone: filters of the first convolution and of the first cells after the stem, number of
    cells, the cells that halve, and whether such a cell stands between the numbered ones (with a name of its
    own) or is one of them.
    """

    first: int
    filters: int
    cells: int
    reductions: tuple[int, ...]
    normal: Cell
    reduction: Cell
    extra: bool


_NAS_NORMAL = Cell(
    (
        Pair("sep_5", 0, "sep_3", 1),
        Pair("sep_5", 1, "sep_3", 1),
        Pair("avg", 0, "none", 1),
        Pair("avg", 1, "avg", 1),
        Pair("sep_3", 0, "none", 0),
    ),
    (1, 2, 3, 4, 5, 6),
)
_NAS_REDUCTION = Cell(
    (
        Pair("sep_5", 0, "sep_7", 1),
        Pair("max", 0, "sep_7", 1),
        Pair("avg", 0, "sep_5", 1),
        Pair("none", 3, "avg", 2),
        Pair("sep_3", 2, "max", 0),
    ),
    (3, 4, 5, 6),
)
_PNAS = Cell(
    (
        Pair("sep_5", 1, "max", 1),
        Pair("sep_7", 0, "max", 0),
        Pair("sep_5", 0, "sep_3", 0),
        Pair("sep_3", 4, "max", 0),
        Pair("sep_3", 1, "none", 0),
    ),
    (2, 3, 4, 5, 6),
)
NASNET = Network(96, 168, 18, (6, 12), _NAS_NORMAL, _NAS_REDUCTION, extra=True)
PNASNET = Network(96, 216, 12, (4, 8), _PNAS, _PNAS, extra=False)

_STEM_CELLS = 2
_CELL_INPUTS = 2


class Builder(NamedTuple):
    """What all cells have in common.

    `overrides`: the OD API lets the config's hyperparams follow every convolution, with a normalisation and
    an activation of its own before the network's normalisation.
    """

    scope: Names
    hyper: Hyperparams
    overrides: bool = False

    def finish(self, ops: Ops[T], x: T, layer: Names) -> T:
        """What follows the convolution `layer`."""
        if not self.overrides:
            return x
        if self.hyper.norm is not None:
            x = ops.batch_norm(x, layer.child("batch_norm", tf1="BatchNorm"), self.hyper.norm)
        return ops.activation(x, self.hyper.activation)

    @property
    def bias(self) -> Initializer | None:
        """The start of a convolution's bias, None where there is none."""
        return self.hyper.bias_start if self.overrides else None

    def conv(
        self,
        ops: Ops[T],
        x: T,
        layer: Names,
        filters: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: Padding = "SAME",
    ) -> T:
        """A convolution and what follows it."""
        x = ops.conv(
            x,
            layer,
            filters,
            kernel,
            weights=self.hyper.weights,
            bias=self.bias,
            stride=stride,
            padding=padding,
        )
        return self.finish(ops, x, layer)


def stem(ops: Ops[T], image: T, builder: Builder, network: Network) -> list[T]:
    """The outputs of the first convolution, of stride 2, and of the two cells of the stem, of strides 4 and 8."""
    layer = builder.scope.child("conv0", tf1="conv0")
    x = builder.conv(ops, image, layer, network.first, 3, stride=2, padding="VALID")
    outputs = [_norm(ops, x, builder.scope, "conv0_bn", builder)]
    for number in range(_STEM_CELLS):
        name = f"cell_stem_{number}"
        filters = network.filters >> (_STEM_CELLS - number)
        before = outputs[-2] if number else None
        outputs.append(_cell(ops, outputs[-1], before, builder, name, network.reduction, filters, stride=2))
    return outputs


def cells(ops: Ops[T], outputs: Sequence[T], builder: Builder, network: Network, numbers: range) -> list[T]:
    """The outputs of the cells with these `numbers`; `outputs` are those of the cells before them, of which the
    last two count.
    """
    made = list(outputs)
    for number in numbers:
        before = made[-2]
        filters = network.filters << sum(number >= reduction for reduction in network.reductions)
        halves = number in network.reductions
        if halves and network.extra:
            name = f"reduction_cell_{network.reductions.index(number)}"
            made.append(_cell(ops, made[-1], before, builder, name, network.reduction, filters, stride=2))
            halves = False
        stride = 2 if halves else 1
        made.append(
            _cell(ops, made[-1], before, builder, f"cell_{number}", network.normal, filters, stride=stride)
        )
    return made[len(outputs) :]


def _cell(
    ops: Ops[T],
    x: T,
    before: T | None,
    builder: Builder,
    name: str,
    cell: Cell,
    filters: int,
    *,
    stride: int,
) -> T:
    place = builder.scope.child(name, tf1=name)
    # The first cell of all has nothing before it but its own input, as it is.
    previous = x if before is None else _fit(ops, before, x, place, builder, filters)
    states = [_project(ops, x, place, ("1x1", "beginning_bn"), builder, filters), previous]
    for number, pair in enumerate(cell.pairs):
        scope = place.child(f"pair_{number}", tf1=f"comb_iter_{number}")
        sides: list[T] = []
        for side, operation, state in (
            ("left", pair.left, pair.left_state),
            ("right", pair.right, pair.right_state),
        ):
            step = stride if state < _CELL_INPUTS else 1
            sides.append(
                _operate(ops, states[state], scope.child(side, tf1=side), operation, builder, filters, step)
            )
        states.append(ops.add(*sides))
    return ops.concat([states[state] for state in cell.output], axis=3)


def _fit(ops: Ops[T], before: T, x: T, place: Names, builder: Builder, filters: int) -> T:
    """The output of the cell before the last one, in the size of the last one's and with `filters` channels."""
    if ops.shape(before)[1:3] == ops.shape(x)[1:3]:
        if ops.shape(before)[3] == filters:
            return before
        return _project(ops, before, place, ("prev_1x1", "prev_bn"), builder, filters)
    y = ops.activation(before, "relu")
    halves: list[T] = []
    for number, source in enumerate((y, ops.shift(y)), start=1):
        name = f"path{number}_conv"
        layer = place.child(name, tf1=name)
        picked = ops.avg_pool(source, 1, stride=2, padding="VALID")
        halves.append(builder.conv(ops, picked, layer, filters // 2, 1))
    return _norm(ops, ops.concat(halves, axis=3), place, "final_path_bn", builder)


def _project(
    ops: Ops[T], x: T, place: Names, names: tuple[str, str], builder: Builder, filters: int, stride: int = 1
) -> T:
    x = ops.activation(x, "relu")
    layer = place.child(names[0], tf1=names[0])
    x = builder.conv(ops, x, layer, filters, 1, stride=stride)
    return _norm(ops, x, place, names[1], builder)


def _operate(
    ops: Ops[T], x: T, place: Names, operation: str, builder: Builder, filters: int, stride: int
) -> T:
    fits = ops.shape(x)[3] == filters
    if operation == "none":
        if stride == 1 and fits:
            return x
        return _project(ops, x, place, ("1x1", "bn_1"), builder, filters, stride)
    if operation in ("max", "avg"):
        pool = ops.max_pool if operation == "max" else ops.avg_pool
        x = pool(x, 3, stride=stride)
        if fits:
            return x
        layer = place.child("1x1", tf1="1x1")
        x = builder.conv(ops, x, layer, filters, 1)
        return _norm(ops, x, place, "bn_1", builder)
    edge = int(operation.removeprefix("sep_"))
    for number in (1, 2):
        label = f"{edge}x{edge}_{number}"
        x = ops.activation(x, "relu")
        layer = place.child(f"separable_{label}", tf1=f"separable_{label}")
        weights = builder.hyper.weights
        step = stride if number == 1 else 1
        x = ops.separable_conv(
            x, layer, filters, edge, depthwise=weights, pointwise=weights, bias=builder.bias, stride=step
        )
        x = builder.finish(ops, x, layer)
        x = _norm(ops, x, place, f"bn_sep_{label}", builder)
    return x


def _norm(ops: Ops[T], x: T, place: Names, name: str, builder: Builder) -> T:
    return ops.batch_norm(x, place.child(name, tf1=name), builder.hyper.norm or BatchNorm())
