"""Checkpoints in one file and frozen graphs checked: every block, and every value listed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.mapping import mapped
from cfgtool.checkpoints.ordered_code import slice_key
from cfgtool.checkpoints.verify import Damage

if TYPE_CHECKING:
    from cfgtool.checkpoints.checkpoint import Checkpoint
    from cfgtool.checkpoints.entry import Entry, Slice
    from cfgtool.checkpoints.table import Handle, Table

    Expected = list[tuple[bytes, Entry, Slice]]


def single_file_damages(checkpoint: Checkpoint, progress: Callable[[int, int], None]) -> Iterator[Damage]:
    """Everything that is wrong with a checkpoint in one file whose list can be read."""
    from cfgtool.checkpoints.partition import check_cover
    from cfgtool.checkpoints.table import Table

    path = checkpoint.path
    expected: Expected = []
    for entry in checkpoint.entries.values():
        parts = entry.slices or (((0, -1),) * len(entry.shape),)
        expected += [(slice_key(entry.name.encode(), part), entry, part) for part in parts]
        try:
            if entry.slices:
                check_cover(entry)
        except DamageError as error:
            yield Damage(entry.name, path, 0, error.what)
    expected.sort(key=lambda item: item[0])
    try:
        table = Table(mapped(path))
        table.block(table.meta)
        blocks = list(table.blocks())
    except DamageError as error:
        yield Damage(None, path, error.offset, error.what)
        return
    total = sum(size for _, (_, size) in blocks)
    first = 0
    keys = [key for key, _, _ in expected]
    for key, handle in blocks:
        after = bisect_left(keys, key + b"\0", lo=first)
        yield from _block(path, table, handle, expected[first:after])
        first = after
        progress(handle[1], total)
    for _, entry, _ in expected[first:]:
        yield Damage(entry.name, path, 0, "it is listed, but its values are not there")


def _block(path: str, table: Table, handle: Handle, expected: Expected) -> Iterator[Damage]:
    """What is wrong with one block, which must have the values of `expected`."""
    from cfgtool.checkpoints.partition import part_shape
    from cfgtool.checkpoints.single_file import saved_slice

    try:
        values = dict(table.entries(handle))
    except DamageError as error:
        if not expected:
            yield Damage(None, path, error.offset, error.what)
        for _, entry, _ in expected:
            yield Damage(entry.name, path, error.offset, error.what)
        return
    for key, entry, part in expected:
        try:
            if key not in values:
                raise DamageError(0, "it is listed, but its values are not there")
            saved_slice(values[key], entry, part, part_shape(part, entry.shape))
        except DamageError as error:
            yield Damage(entry.name, path, handle[0], error.what)


def graph_damages(checkpoint: Checkpoint, progress: Callable[[int, int], None]) -> Iterator[Damage]:
    """Constants that have not as many values as their shape wants; a graph has no checksums."""
    from cfgtool.checkpoints.tensor_proto import check_tensor

    data = mapped(checkpoint.path)
    total = sum(entry.size for entry in checkpoint.entries.values())
    for entry in checkpoint.entries.values():
        try:
            check_tensor(data[entry.offset : entry.offset + entry.size], entry.dtype, entry.shape)
        except DamageError as error:
            yield Damage(entry.name, checkpoint.path, entry.offset + error.offset, error.what)
        progress(entry.size, total)
