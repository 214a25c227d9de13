"""The objects of an object-based checkpoint and how they are connected (`TrackableObjectGraph`).

An object that can be reached along several paths is stored once, under one of them. Restoring follows the
graph, so a name that no entry has may still lead to a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.wire import bytes_of, fields, number_of, varint

if TYPE_CHECKING:
    from cfgtool.checkpoints.checkpoint import Checkpoint

_VALUE = b"VARIABLE_VALUE"


class ObjectGraph:
    """The graph of a checkpoint, decoded where it is walked. Raises DamageError if it is not whole."""

    __slots__ = ("_children", "_nodes")

    def __init__(self, message: bytes) -> None:
        self._nodes = [bytes_of(node) for number, node in fields(message) if number == 1]  # nodes
        self._children: dict[int, dict[bytes, int]] = {}

    def name(self, path: str) -> str | None:
        """The name of the entry that holds the variable at `path`, None if there is no such variable."""
        node = 0
        for part in path.split("/"):
            following = self._edges(node).get(local_name(part).encode())
            if following is None:
                return None
            node = following
        return self._value(node)

    def values(self) -> Iterator[str]:
        """The names of all entries that the graph leads to, looking at every node and at where it leads."""
        for node in range(len(self._nodes)):
            for target in self._edges(node).values():
                self._node(target)
            name = self._value(node)
            if name is not None:
                yield name

    def _edges(self, node: int) -> dict[bytes, int]:
        """The node behind each name that `node` gives its children."""
        if node not in self._children:
            children = [child for number, child in fields(self._node(node)) if number == 1]  # children
            self._children[node] = dict(_edge(bytes_of(child)) for child in children)
        return self._children[node]

    def _value(self, node: int) -> str | None:
        for number, attribute in fields(self._node(node)):
            if number == 2:  # attributes
                texts = dict(fields(bytes_of(attribute)))
                if texts.get(1) == _VALUE:  # name
                    return bytes_of(texts.get(3, b"")).decode("utf-8", "replace")  # checkpoint_key
        return None

    def _node(self, node: int) -> bytes:
        if node >= len(self._nodes):
            raise DamageError(0, f"object graph of {len(self._nodes)} nodes leads to node {node}")
        return self._nodes[node]


def local_name(part: str) -> str:
    """The name of a child, from the part of a key that stands for it: a key writes a slash inside a name as `.S`, and
    a dot as two.
    """
    # A dot that stands for itself must not be taken for the start of another sign.
    return part.replace("..", "\0").replace(".S", "/").replace("\0", ".")


def _edge(child: bytes) -> tuple[bytes, int]:
    """The name and the node of an `ObjectReference`."""
    target, name = 0, b""
    for number, value in fields(child):
        if number == 1:  # node_id
            target = number_of(value)
        elif number == 2:  # local_name
            name = bytes_of(value)
    return name, target


def read_graph(checkpoint: Checkpoint) -> ObjectGraph | None:
    """The object graph, which is a value of the data file; None for a checkpoint without one.

    Raises UserError if the data file is not there or too short, DamageError if the graph cannot be decoded.
    """
    from cfgtool.checkpoints.names import OBJECT_GRAPH
    from cfgtool.checkpoints.values import Values

    entry = checkpoint.entries.get(OBJECT_GRAPH)
    if entry is None:
        return None
    with Values(checkpoint) as values:
        raw = bytes(values.raw(entry))
    size, start = varint(raw, 0)
    if len(raw) - start - 4 != size:  # a string's length, the checksum of the length, the string
        raise DamageError(entry.offset, "object graph has another length than it says")
    return ObjectGraph(raw[start + 4 :])
