"""Inception blocks: branches side by side, their outputs concatenated (Szegedy et al. 2014, arXiv:1409.4842)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from cfgtool.networks.blocks import Unit, conv_unit
from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import Kernel, Ops, Padding
from cfgtool.networks.variables import Initializer

T = TypeVar("T")


class Conv(NamedTuple):
    """A convolution of a branch: the OD API's name of it, and its filters before the depth multiplier.

    `start` is the initializer that slim fixes for the kernel, None for the one of the settings.
    """

    label: str
    filters: int
    kernel: Kernel
    stride: int = 1
    padding: Padding = "SAME"
    start: Initializer | None = None


class Pool(NamedTuple):
    """A 3x3 pooling of a branch."""

    kind: str
    stride: int = 1
    padding: Padding = "SAME"


class Fork(NamedTuple):
    """Convolutions side by side at the end of a branch, concatenated."""

    arms: tuple[Conv, ...]


Step = Conv | Pool | Fork
Block = tuple[tuple[Step, ...], ...]
"""The branches of a block, each a run of steps."""


class Builder(NamedTuple):
    """What all blocks of a backbone have in common; `depth` turns filters into those under the depth
    multiplier.
    """

    scope: Names
    hyper: Hyperparams
    depth: Callable[[int], int]

    def conv(self, ops: Ops[T], x: T, place: str, name: str, conv: Conv) -> T:
        """One convolution with normalisation and activation; `place` is the TF1 scope, `name` ours."""
        hyper = self.hyper
        if conv.start is not None:
            hyper = hyper._replace(weights=hyper.weights._replace(initializer=conv.start))
        unit = Unit(f"{name}{conv.label.lower()}", "", "", f"{place}{conv.label}")
        return conv_unit(
            ops,
            x,
            Layers(self.scope),
            unit,
            hyper,
            self.depth(conv.filters),
            conv.kernel,
            stride=conv.stride,
            padding=conv.padding,
        )

    def block(self, ops: Ops[T], x: T, label: str, block: Block) -> T:
        """The concatenated branches of the block that the OD API calls `label`."""
        outputs: list[T] = []
        for index, branch in enumerate(block):
            place, name = f"{label}/Branch_{index}/", f"{label.lower()}/branch_{index}/"
            y = x
            for step in branch:
                y = self._step(ops, y, place, name, step)
            outputs.append(y)
        return ops.concat(outputs, axis=3)

    def _step(self, ops: Ops[T], x: T, place: str, name: str, step: Step) -> T:
        if isinstance(step, Conv):
            return self.conv(ops, x, place, name, step)
        if isinstance(step, Fork):
            return ops.concat([self.conv(ops, x, place, name, arm) for arm in step.arms], axis=3)
        pool = ops.avg_pool if step.kind == "avg" else ops.max_pool
        return pool(x, 3, stride=step.stride, padding=step.padding)


def run_blocks(
    ops: Ops[T], x: T, builder: Builder, blocks: Sequence[tuple[str, Block]], outputs: dict[str, T]
) -> T:
    """Run the blocks one after the other; each output goes into `outputs` under its name."""
    for label, block in blocks:
        x = outputs[label] = builder.block(ops, x, label, block)
    return x
