"""Many tensors in few lines: a tree of modules, in which siblings that have the same shapes are one line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from cfgtool import folding

_DIGITS = re.compile(r"([0-9]+)")
_LONGEST = 18
"""Digits of a number that names are sorted by."""

T = TypeVar("T")


class Line(NamedTuple, Generic[T]):
    """One line of a tree: `kind` is what its tensors have in common, None for a module; `amount` is of all of them."""

    depth: int
    label: str
    kind: str | None
    amount: T
    tensors: int


def fold(tensors: Iterable[tuple[str, str, T]], combine: Callable[[list[T]], T]) -> list[Line[T]]:
    """The lines of a tree of (key, kind, amount): parts of keys between slashes are modules.

    Modules with one child are joined with it. Siblings whose names differ by a number only, and which have the
    same tree of kinds below, are one: `unit_{1..3}`; tensors of one module and kind are one: `{beta,gamma}`. `combine`
    makes one amount of those of a line.
    """
    # An index is in the order of the alphabet, where layer_10 stands before layer_2.
    ordered = sorted(tensors, key=lambda tensor: _natural(tensor[0]))
    root = folding.grow((key, (kind, amount)) for key, kind, amount in ordered)
    folding.fold(root, like=lambda value: value[0])
    lines: list[Line[T]] = []
    for depth, label, node in folding.walk(root):
        amounts = [amount for _, amount in node.everything()]
        kind = node.values[0][0] if node.values else None
        lines.append(Line(depth, label, kind, combine(amounts), len(amounts)))
    return lines


def _natural(key: str) -> list[list[tuple[int, str]]]:
    """A key that sorts numbers in names by their value, module by module."""
    return [
        [(int(part[:_LONGEST]), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(step)]
        for step in key.split("/")
    ]
