"""Bidirectional feature pyramid (Tan et al. 2020, arXiv:1911.09070): again and again from coarse to fine and back,
each map a weighted sum of its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeVar

from cfgtool.networks.blocks import Unit, conv_unit, normalize
from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import Fusion, Ops

T = TypeVar("T")

Combine = Literal["sum"] | Fusion
COMBINE: dict[str, Combine] = {
    "sum": "sum",
    "weighted_sum": "weighted_sum",
    "attention": "attention",
    "fast_attention": "fast_attention",
}
"""The ways to combine maps by `bifpn.combine_method`."""


class _Map(NamedTuple):
    """A map of the pyramid by the pass that made it (0: before the first one), its level, and whether the pass
    was on its way down to finer maps.
    """

    turn: int
    level: int
    down: bool = False

    @property
    def name(self) -> str:
        """Our name."""
        way = "down" if self.down else "up"
        return f"pass_{self.turn}/{way}_{self.level}" if self.turn else f"coarse_{self.level}"

    @property
    def label(self) -> str:
        """The OD API's name."""
        return f"{self.turn}_{'dn' if self.down else 'up'}_lvl_{self.level}"


class _Node(NamedTuple):
    """A map and those that it is made of, one of the same level first where there is one."""

    made: _Map
    inputs: tuple[_Map, ...]


class Settings(NamedTuple):
    """What all nodes have in common."""

    filters: int
    combine: Combine
    hyper: Hyperparams


def bifpn(
    ops: Ops[T], maps: Mapping[int, T], scope: Names, settings: Settings, *, max_level: int, passes: int
) -> list[T]:
    """The maps of the levels from the finest of `maps` to `max_level`, after `passes` ways down and up again.

    `maps` are those of the backbone by level, each half the size of the one before. `max_level` must be above
    them, `passes` 1 at least.
    """
    known = {_Map(0, level): x for level, x in maps.items()}
    backbone = frozenset(known)
    nodes = _nodes(min(maps), max(maps), max_level, passes)
    for index, (made, inputs) in enumerate(nodes):
        place = scope.child(made.name, keras=f"node_{index:02}/{made.label}")
        values: list[T] = []
        for number, source in enumerate(inputs):
            x = known[source]
            if source in backbone:
                tf2, keras = f"node_input_blocks/{index}/{number}/1", f"input_{source.label}/1x1_pre_sample"
                unit = Unit("project", "conv", "batchnorm", "")
                layers = Layers(place.child("", tf2=tf2, keras=keras))
                x = conv_unit(ops, x, layers, unit, settings.hyper, settings.filters, 1, activate=False)
            if source.level < made.level:
                x = ops.max_pool(x, 3, stride=2)
            elif source.level > made.level:
                # Where a side of the finer map is odd, the doubled coarse one is larger.
                x = ops.cut(ops.upsample(x, 2), values[0])
            values.append(x)
        known[made] = values[0] if len(values) == 1 else _fuse(ops, values, place, index, settings)
    return [known[made] for made, _ in nodes[-(max_level - min(maps) + 1) :]]


def _nodes(finest: int, top: int, coarsest: int, passes: int) -> list[_Node]:
    """Every map to be made, in order; levels above `top`, the backbone's last, are made before the first pass."""
    nodes = [_Node(_Map(0, level), (_Map(0, level - 1),)) for level in range(top + 1, coarsest + 1)]
    for turn in range(1, passes + 1):
        for level in reversed(range(finest, coarsest)):
            # The finest map is made on the way down only.
            beside = _Map(turn - 1, level, down=level == finest and turn > 1)
            nodes.append(_Node(_Map(turn, level, down=True), (beside, nodes[-1].made)))
        for level in range(finest + 1, coarsest + 1):
            same = [_Map(turn - 1, level)]
            if level < coarsest:
                same.append(_Map(turn, level, down=True))
            nodes.append(_Node(_Map(turn, level), (*same, nodes[-1].made)))
    return nodes


def _fuse(ops: Ops[T], values: Sequence[T], place: Names, index: int, settings: Settings) -> T:
    """The sum of maps of one size, activated, convolved and normalised."""
    x = values[0]
    if settings.combine == "sum":
        for value in values[1:]:
            x = ops.add(x, value)
    else:
        layer = place.child("combine", tf2=f"node_combine_op/{index}", keras="combine")
        x = ops.weighted_sum(values, layer, settings.combine)
    hyper = settings.hyper
    x = ops.activation(x, hyper.activation)
    layers = Layers(place.child("", tf2=f"node_post_combine_block/{index}", keras="post_combine"))
    layers.skip()
    x = ops.separable_conv(
        x,
        layers.next("conv", keras="separable_conv", tf1=""),
        settings.filters,
        3,
        depthwise=hyper.weights,
        pointwise=hyper.weights,
        bias=hyper.bias_start,
    )
    return normalize(ops, x, layers.next("conv/batch_norm", keras="batchnorm", tf1=""), hyper.norm)
