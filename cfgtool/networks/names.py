"""Names of layers in four worlds at once: ours, TF2 checkpoints, Keras, TF1 graphs.

Every layer has one place in each of four trees. A place is made from its parent by one call, so a
network function states each name once, next to the layer that carries it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple


def _join(base: str | None, part: str | None) -> str | None:
    if base is None or part is None:
        return None
    return f"{base}/{part}" if base and part else base or part


class Names(NamedTuple):
    """A layer or a scope: `name` is ours, `tf2` the object path from `model`, `keras` the Keras name,
    `tf1` the graph scope.

    None means that the layer does not exist in that world; an empty string means the root of it.
    """

    name: str
    tf2: str | None
    keras: str | None
    tf1: str | None

    def child(
        self, name: str, *, tf2: str | None = None, keras: str | None = None, tf1: str | None = None
    ) -> Names:
        """The place one step below; a world that is left out takes no step, one that does not exist stays
        None.
        """
        return Names(
            f"{self.name}/{name}" if self.name and name else self.name or name,
            _join(self.tf2, tf2 or ""),
            _join(self.keras, keras or ""),
            _join(self.tf1, tf1 or ""),
        )


class Layers:
    """A run of layers whose TF2 paths are numbered: a Keras functional model, or a Python list of layers.

    A functional model numbers the layers that have weights (`layer_with_weights-12`); a list numbers every
    layer, also activations and paddings, which is why `skip` says that one of those comes next. `start` is
    the number of the first layer.
    """

    __slots__ = ("_index", "_template", "scope")

    def __init__(self, scope: Names, *, functional: bool = False, start: int = 0) -> None:
        self.scope = scope
        self._template = "layer_with_weights-{}" if functional else "{}"
        self._index = start

    def next(self, name: str, *, keras: str, tf1: str) -> Names:
        """The next layer that has weights."""
        place = self.scope.child(name, tf2=self._template.format(self._index), keras=keras, tf1=tf1)
        self._index += 1
        return place

    def skip(self) -> None:
        """Pass over a layer without weights."""
        if self._template == "{}":
            self._index += 1

    def branches(self, lengths: Sequence[int]) -> list[Layers]:
        """The layers of branches that run side by side until they are joined, `lengths` convolutions with
        normalisation and activation in each.

        A functional model numbers layers by their distance from the output, and equally far ones by branch.
        """
        places = sorted(
            (-distance, branch)
            for branch, length in enumerate(lengths)
            for step in range(length)
            for distance in (3 * (length - step), 3 * (length - step) - 1)
        )
        numbers: list[list[int]] = [[] for _ in lengths]
        for number, (_, branch) in enumerate(places, start=self._index):
            numbers[branch].append(number)
        self._index += len(places)
        return [_Branch(self.scope, self._template, iter(own)) for own in numbers]


class _Branch(Layers):
    """Layers with numbers that were given out before."""

    __slots__ = ("_numbers",)

    def __init__(self, scope: Names, template: str, numbers: Iterator[int]) -> None:
        super().__init__(scope)
        self._template = template
        self._numbers = numbers

    def next(self, name: str, *, keras: str, tf1: str) -> Names:
        """See `Layers.next`."""
        self._index = next(self._numbers)
        return super().next(name, keras=keras, tf1=tf1)
