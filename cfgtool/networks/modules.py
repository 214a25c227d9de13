"""The modules of a network, as its names nest: sums of what their layers cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.folding import Node, fold, grow, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Set

    from cfgtool.networks.accounting import Account, Layer
    from cfgtool.networks.shapes import Shape


class Module(NamedTuple):
    """What a module, or several alike, costs for one image.

    `trained_parameters` are trainable and not frozen; what is neither trained nor frozen are statistics of
    batch norms. `outputs` are the shapes [height, width, channels] that left the layer that was used last,
    one for each time that it was used.
    """

    name: str
    level: int
    layers: int
    parameters: int
    trained_parameters: int
    frozen_parameters: int
    multiply_adds: int
    activation_bytes: int
    outputs: tuple[Shape, ...]


def module_tree(account: Account, frozen: Set[str], depth: int | None = None) -> Iterator[Module]:
    """Every module down to `depth` levels, parents before children, under its whole name."""
    root = grow((layer.name, layer) for layer in account.layers)
    stack = [(0, child.names[0], child) for child in reversed(root.children)]
    while stack:
        level, name, node = stack.pop()
        yield _sum(name, level, node.everything(), frozen)
        if depth is None or level + 1 < depth:
            stack += [(level + 1, f"{name}/{child.names[0]}", child) for child in reversed(node.children)]


def folded_modules(account: Account, frozen: Set[str], depth: int | None = None) -> Iterator[Module]:
    """As `module_tree`, with neighbours in one that are built alike and return the same shape; `name` is the
    part below the parent.
    """
    root = fold(grow((layer.name, layer) for layer in account.layers), _any, _last_outputs)
    for level, name, node in walk(root, depth):
        yield _sum(name, level, node.everything(), frozen)


def whole_module(account: Account, frozen: Set[str]) -> Module:
    """The sums over the whole network."""
    return _sum("all", 0, account.layers, frozen)


def _any(_: Layer) -> None:
    """Layers are alike if their names are."""


def _last_outputs(node: Node[Layer]) -> tuple[Shape, ...]:
    return max(node.everything(), key=lambda layer: layer.last_use).outputs


def _sum(name: str, level: int, layers: Iterable[Layer], frozen: Set[str]) -> Module:
    count = parameters = trained = held = sums = size = 0
    outputs: tuple[Shape, ...] = ()
    latest = -2
    for layer in layers:
        count += 1
        sums += layer.multiply_adds
        size += layer.activation_bytes
        if layer.last_use > latest:
            latest, outputs = layer.last_use, layer.outputs
        for variable in layer.variables:
            parameters += variable.size
            if variable.name in frozen:
                held += variable.size
            elif variable.trainable:
                trained += variable.size
    return Module(name, level, count, parameters, trained, held, sums, size, outputs)
