"""Many tensors in few lines: a tree of modules, in which siblings that have the same shapes are one line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

_DEPTH = 64
"""Names are split into so many parts at most, the last of which keeps the rest."""

_NUMBER = re.compile(r"(0|[1-9][0-9]{0,17})(?!.*[0-9])")
_DIGITS = re.compile(r"([0-9]+)")

T = TypeVar("T")


class Line(NamedTuple, Generic[T]):
    """One line of a tree: `kind` is what its tensors have in common, None for a module; `amount` is of all of them."""

    depth: int
    label: str
    kind: str | None
    amount: T
    tensors: int


class _Node(Generic[T]):
    """A module, or a tensor if it has a `kind`; where tensors of others are below a tensor, both."""

    __slots__ = ("amount", "children", "kind", "tensors")

    def __init__(self) -> None:
        self.children: dict[str, _Node[T]] = {}
        self.kind: str | None = None
        self.amount: T | None = None
        self.tensors = 0


def fold(tensors: Iterable[tuple[str, str, T]], combine: Callable[[list[T]], T]) -> list[Line[T]]:
    """The lines of a tree of (key, kind, amount): parts of keys between slashes are modules.

    Modules with one child are joined with it. Siblings whose names differ in their last number only, and which have the
    same tree of kinds below, are one: `unit_{1..3}`; tensors of one module and kind are one: `{beta,gamma}`. `combine`
    makes one amount of those of a line.
    """
    root: _Node[T] = _Node()
    for key, kind, amount in tensors:
        node = root
        for part in key.split("/", _DEPTH - 1):
            node = node.children.setdefault(part, _Node())
        node.kind, node.amount, node.tensors = kind, amount, 1
    _sum_up(root, combine)
    return _lines(root, {}, combine)


def _sum_up(node: _Node[T], combine: Callable[[list[T]], T]) -> T:
    """Give every module the amount of all that is below it."""
    amounts = [] if node.amount is None else [node.amount]
    amounts += [_sum_up(child, combine) for child in node.children.values()]
    node.tensors += sum(child.tensors for child in node.children.values())
    node.amount = combine(amounts)
    return node.amount


def _lines(node: _Node[T], known: dict[object, int], combine: Callable[[list[T]], T]) -> list[Line[T]]:
    """The lines below a module, the first ones at depth 0."""
    groups: dict[object, list[str]] = {}
    for name in sorted(node.children, key=_natural):
        groups.setdefault(_likeness(name, node.children[name], known), []).append(name)
    lines: list[Line[T]] = []
    for names in groups.values():
        child = _merged([node.children[name] for name in names], combine)
        label = _label(names)
        assert child.amount is not None
        line = Line(0, label, child.kind, child.amount, child.tensors)
        below = _lines(child, known, combine)
        if child.kind is None and sum(inner.depth == 0 for inner in below) == 1:
            first, *rest = below
            lines += [first._replace(label=f"{label}/{first.label}"), *rest]
            continue
        lines.append(line)
        lines += [inner._replace(depth=inner.depth + 1) for inner in below]
    return lines


def _likeness(name: str, node: _Node[T], known: dict[object, int]) -> object:
    """What siblings share that become one line."""
    signature = _signature(node, known)
    number = _NUMBER.search(name)
    if number:
        return name[: number.start()], name[number.end() :], signature
    return signature if not node.children else name


def _signature(node: _Node[T], known: dict[object, int]) -> int:
    """A number that only nodes with the same tree of kinds have."""
    below = tuple((name, _signature(child, known)) for name, child in sorted(node.children.items()))
    return known.setdefault((node.kind, below), len(known))


def _merged(nodes: list[_Node[T]], combine: Callable[[list[T]], T]) -> _Node[T]:
    """Nodes with the same tree of kinds as one, with the amounts of all."""
    if len(nodes) == 1:
        return nodes[0]
    merged: _Node[T] = _Node()
    merged.kind = nodes[0].kind
    merged.amount = combine([node.amount for node in nodes if node.amount is not None])
    merged.tensors = sum(node.tensors for node in nodes)
    for name in nodes[0].children:
        merged.children[name] = _merged([node.children[name] for node in nodes], combine)
    return merged


def _label(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    numbers = [_NUMBER.search(name) for name in names]
    first = numbers[0]
    if first is None:
        return "{" + ",".join(names) + "}"
    values = [int(number[0]) for number in numbers if number]
    return f"{names[0][: first.start()]}{{{_ranges(values)}}}{names[0][first.end() :]}"


def _ranges(values: list[int]) -> str:
    """Sorted numbers, with runs of three or more as `first..last`."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ",".join(f"{run[0]}..{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts numbers in names by their value."""
    return [(int(part[:18]), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(name)]
