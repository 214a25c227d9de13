"""Bundles checked: the index, every value in the data files, partitioned variables, the object graph."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from cfgtool.checkpoints.bundle_values import BundleSource
from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.kinds import SAVED_MODEL
from cfgtool.checkpoints.mapping import mapped
from cfgtool.checkpoints.names import OBJECT_GRAPH
from cfgtool.checkpoints.table import Table
from cfgtool.checkpoints.verify import Damage
from cfgtool.checkpoints.wire import spans
from cfgtool.errors import UserError
from cfgtool.files import is_file

if TYPE_CHECKING:
    from cfgtool.checkpoints.checkpoint import Checkpoint
    from cfgtool.checkpoints.entry import Entry


def bundle_damages(checkpoint: Checkpoint, progress: Callable[[int, int], None]) -> Iterator[Damage]:
    """Everything that is wrong with a bundle whose index can be read."""
    index = f"{checkpoint.path}.index"
    try:
        table = Table(mapped(index))
        table.block(table.meta)  # the one block that reading does not need
    except DamageError as error:
        yield Damage(None, index, error.offset, error.what)
    if checkpoint.container == "saved_model":
        yield from _saved_model(checkpoint)
    source = BundleSource(checkpoint, check=True)
    missing = checkpoint.missing_data()
    for path in missing:
        yield Damage(None, path, 0, "data file of the checkpoint is missing")
    stored: list[tuple[str, Entry]] = []
    for entry in checkpoint.entries.values():
        if entry.slices:
            yield from _parts(entry, source, stored, index)
        else:
            stored.append((entry.name, entry))
    unclaimed = len(checkpoint.parts) - sum(entry.name == "" for _, entry in stored)
    if unclaimed > 0:
        yield Damage(None, index, 0, f"{unclaimed} parts belong to no tensor")
    yield from _values(checkpoint, source, stored, progress)
    if checkpoint.format == "tf2-object" and not missing:
        yield from _object_graph(checkpoint)


def _parts(
    entry: Entry, source: BundleSource, stored: list[tuple[str, Entry]], index: str
) -> Iterator[Damage]:
    """Add the parts of a partitioned variable to what is stored."""
    from cfgtool.checkpoints.partition import check_cover

    try:
        parts = source.parts(entry)
        stored += [
            (f"{entry.name} {list(part)}", found) for part, found in zip(entry.slices, parts, strict=True)
        ]
        check_cover(entry)
    except DamageError as error:
        yield Damage(entry.name, index, error.offset, error.what)


def _values(
    checkpoint: Checkpoint,
    source: BundleSource,
    stored: list[tuple[str, Entry]],
    progress: Callable[[int, int], None],
) -> Iterator[Damage]:
    """Values that reach beyond their file, overlap, or have another checksum; in the order of the files."""
    stored.sort(key=lambda item: (item[1].shard, item[1].offset, item[1].size))
    total = sum(entry.size for _, entry in stored)
    last, end = -1, 0
    for name, entry in stored:
        if entry.shard != last:
            last, end = entry.shard, 0
        path = checkpoint.data_file(entry.shard)
        if not is_file(path):
            continue
        if entry.size and entry.offset < end:
            yield Damage(name, path, entry.offset, "it overlaps the value before it")
        end = max(end, entry.offset + entry.size)
        try:
            source.stored(entry, repr(name))
        except DamageError as error:
            yield Damage(name, error.path or path, error.offset, error.what)
        progress(entry.size, total)


def _object_graph(checkpoint: Checkpoint) -> Iterator[Damage]:
    from cfgtool.checkpoints.graph import read_graph

    entry = checkpoint.entries[OBJECT_GRAPH]
    path = checkpoint.data_file(entry.shard)
    try:
        graph = read_graph(checkpoint)
        names = {found.name for found in checkpoint.entries.values()}
        for name in graph.values() if graph else ():
            if name not in names:
                yield Damage(
                    OBJECT_GRAPH, path, entry.offset, f"the object graph names {name!r}, which is not there"
                )
    except (DamageError, UserError) as error:
        what = error.what if isinstance(error, DamageError) else error.message
        yield Damage(OBJECT_GRAPH, path, entry.offset, f"object graph cannot be read: {what}")


def _saved_model(checkpoint: Checkpoint) -> Iterator[Damage]:
    """Of the graph that belongs to the variables, only that it is a message can be told."""
    path = os.path.join(os.path.dirname(os.path.dirname(checkpoint.path)), SAVED_MODEL)
    try:
        data = mapped(path)
        for number, _, start, end in spans(data, 0, len(data)):
            if number == 2:  # meta_graphs
                for _ in spans(data, start, end):
                    pass
    except DamageError as error:
        yield Damage(None, path, error.offset, error.what)
