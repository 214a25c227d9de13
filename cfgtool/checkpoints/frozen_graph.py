"""Frozen graphs: a `GraphDef` whose variables have become constants, as in `frozen_inference_graph.pb`.

Messages and field numbers: tensorflow/core/framework/graph.proto, node_def.proto, attr_value.proto, and for a graph in
a SavedModel saved_model.proto, meta_graph.proto. Graphs have hundreds of megabytes: the file is mapped, its nodes are
scanned once, and a value is read when it is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.entry import NO_NUMBERS, Entry
from cfgtool.checkpoints.kinds import SAVED_MODEL
from cfgtool.checkpoints.mapping import mapped
from cfgtool.checkpoints.tensor_proto import tensor_bytes, tensor_type
from cfgtool.checkpoints.wire import BYTES, spans

_MAX_CONSTANTS = 1 << 20


class Span(NamedTuple):
    """Where a message lies in a file."""

    start: int
    end: int


class Frozen(NamedTuple):
    """The constants of a graph. `marked` is False where none is read like a variable, and all numbers are listed."""

    entries: dict[str, Entry]
    marked: bool


def read_graph_file(path: str) -> Frozen:
    """The variables of the graph in a file, or in the first meta graph of a `saved_model.pb`, as their constants.

    Raises DamageError with the offset in the file, UserError if it cannot be opened.
    """
    data = mapped(path)
    constants: dict[str, Span] = {}
    read: set[str] = set()
    for node in _nodes(data, path):
        name, operation, source, tensor = _node(data, node)
        if operation == b"Const" and tensor is not None:
            constants[name] = tensor
            if len(constants) > _MAX_CONSTANTS:
                raise DamageError(node.start, f"more than {_MAX_CONSTANTS} constants")
        elif operation == b"Identity" and _reads_variable(name, source):
            read.add(source)
    marked = any(name in read for name in constants)
    entries = {}
    for name, span in constants.items():
        if marked and name not in read:
            continue
        try:
            dtype, shape = tensor_type(data[span.start : span.end])
        except DamageError as error:
            raise DamageError(span.start + error.offset, f"constant {name!r}: {error.what}") from None
        if marked or (dtype not in NO_NUMBERS and shape):
            entries[name] = Entry(name, dtype, shape, 0, span.start, span.end - span.start, 0)
    return Frozen(entries, marked)


def _reads_variable(name: str, source: str) -> bool:
    """True for what freezing makes of the reading of a variable: of one by reference, or of a resource."""
    return name == f"{source}/read" or name.rpartition("/")[2].startswith("ReadVariableOp")


def _nodes(data: memoryview, path: str) -> Iterator[Span]:
    """The nodes of the graph, in the order of the file."""
    graph = Span(0, len(data))
    if os.path.basename(path) == SAVED_MODEL:
        meta = _first(data, graph, 2, "it has no meta graph")  # meta_graphs
        graph = _first(data, meta, 2, "its meta graph has no graph")  # graph_def
    for number, kind, start, end in spans(data, *graph):
        if number == 1 and kind == BYTES:  # node
            yield Span(start, end)


def _first(data: memoryview, message: Span, field: int, absent: str) -> Span:
    for number, kind, start, end in spans(data, *message):
        if number == field and kind == BYTES:
            return Span(start, end)
    raise DamageError(message.start, absent)


def _node(data: memoryview, node: Span) -> tuple[str, bytes, str, Span | None]:
    """Name, operation and first input of a `NodeDef`, and the tensor of a constant."""
    name = operation = source = b""
    tensor = None
    for number, kind, start, end in spans(data, *node):
        if kind != BYTES:
            continue
        if number == 1:  # name
            name = bytes(data[start:end])
        elif number == 2:  # op
            operation = bytes(data[start:end])
        elif number == 3 and not source:  # input
            source = bytes(data[start:end])
        elif number == 5 and operation == b"Const":  # attr
            tensor = _tensor(data, Span(start, end)) or tensor
    return _text(name), operation, _text(source).removesuffix(":0"), tensor


def _tensor(data: memoryview, attribute: Span) -> Span | None:
    """The tensor of an entry of `NodeDef.attr`, if it is the value of a constant."""
    found: Span | None = None
    key = b""
    for number, kind, start, end in spans(data, *attribute):
        if number == 1 and kind == BYTES:  # key
            key = bytes(data[start:end])
        elif number == 2 and kind == BYTES:  # value
            for inner, inner_kind, first, last in spans(data, start, end):
                if inner == 8 and inner_kind == BYTES:  # tensor
                    found = Span(first, last)
    return found if key == b"value" else None


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


class GraphSource:
    """The values of a graph's constants. Graphs have no checksums: only that sizes are right can be told."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._data = mapped(path)

    def raw(self, entry: Entry) -> memoryview:
        """The bytes of a value: see `Values.raw`. Raises DamageError."""
        message = self._data[entry.offset : entry.offset + entry.size]
        try:
            return tensor_bytes(message, entry.dtype, entry.shape, fill=True)
        except DamageError as error:
            raise DamageError(
                entry.offset + error.offset, f"{entry.name!r}: {error.what}", self.path
            ) from None
