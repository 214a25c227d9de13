"""Checkpoints in one file, the V1 format of 2016: ImageNet classifiers of that time still come so.

The file is a table. Its first entry (`SavedTensorSlices`) lists the tensors; each value, or part of one, is an entry
of its own under an encoded name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.entry import WIDTHS, Entry
from cfgtool.checkpoints.mapping import mapped
from cfgtool.checkpoints.shapes import MAX_PARTS, read_slice, read_type
from cfgtool.checkpoints.table import Table
from cfgtool.checkpoints.wire import bytes_of, fields, number_of, view_of

if TYPE_CHECKING:
    from cfgtool.checkpoints.entry import Slice

_MAX_ENTRIES = 1 << 20


def read_single_file(path: str) -> dict[str, Entry]:
    """The tensors of a file for which `is_single_file` holds. Raises DamageError."""
    table = Table(mapped(path))
    _, first = next(table.blocks(), (b"", None))
    key, value = next(table.entries(first), (b"-", b"")) if first else (b"-", b"")
    if key:
        raise DamageError(0, f"starts with {key[:80]!r}, not with a list of tensors")
    entries: dict[str, Entry] = {}
    for number, meta in fields(value):
        if number == 1:  # meta
            for part, tensor in fields(view_of(meta)):
                if part == 1:  # tensor
                    entry = _read_tensor(view_of(tensor))
                    entries[entry.name] = entry
                    if len(entries) > _MAX_ENTRIES:
                        raise DamageError(0, f"more than {_MAX_ENTRIES} entries")
    return entries


def _read_tensor(message: bytes | memoryview) -> Entry:
    """One `SavedSliceMeta`."""
    name, shape, code = "", b"", 0
    slices: list[Slice] = []
    for number, content in fields(message):
        if number == 1:  # name
            name = bytes_of(content).decode("utf-8", "backslashreplace")
        elif number == 2:  # shape
            shape = bytes_of(content)
        elif number == 3:  # type
            code = number_of(content)
        elif number == 4:  # slice
            slices.append(read_slice(bytes_of(content)))
            if len(slices) > MAX_PARTS:
                raise DamageError(0, f"more than {MAX_PARTS} parts of one tensor")
    dtype, sizes = read_type(code, shape)
    entry = Entry(name, dtype, sizes, 0, 0, 0, 0)
    if slices and slices != [_whole(entry)]:
        entry.slices = tuple(slices)
    return entry


def _whole(entry: Entry) -> Slice:
    return ((0, -1),) * len(entry.shape)


class SingleFileSource:
    """The values of a checkpoint in one file, looked up by name; `check` compares the checksum of what is read.

    Every method raises DamageError for what is not as it must be.
    """

    def __init__(self, path: str, *, check: bool) -> None:
        self.path = path
        try:
            self.table = Table(mapped(path), check=check)
            self._blocks = list(self.table.blocks())
        except DamageError as error:
            raise DamageError(error.offset, error.what, path) from None
        self._keys = [key for key, _ in self._blocks]

    def raw(self, entry: Entry) -> memoryview:
        """The bytes of a value: see `Values.raw`."""
        if not entry.slices:
            return self._part(entry, _whole(entry), entry.shape)
        from cfgtool.checkpoints.partition import assemble, part_shape

        try:
            raws = [self._part(entry, part, part_shape(part, entry.shape)) for part in entry.slices]
            return assemble(entry, WIDTHS[entry.dtype], raws)
        except DamageError as error:
            raise DamageError(error.offset, error.what, error.path or self.path) from None

    def _part(self, entry: Entry, part: Slice, shape: tuple[int, ...]) -> memoryview:
        from bisect import bisect_left

        from cfgtool.checkpoints.ordered_code import slice_key

        key = slice_key(entry.name.encode(), part)
        place = bisect_left(self._keys, key)
        offset = 0
        try:
            if place < len(self._blocks):
                handle = self._blocks[place][1]
                offset = handle[0]
                for found, value in self.table.entries(handle):
                    if found == key:
                        return saved_slice(value, entry, part, shape)
            raise DamageError(0, "it is listed, but its values are not there")
        except DamageError as error:
            raise DamageError(offset + error.offset, f"{entry.name!r}: {error.what}", self.path) from None


def saved_slice(value: bytes | memoryview, entry: Entry, part: Slice, shape: tuple[int, ...]) -> memoryview:
    """The bytes in the `SavedTensorSlices` of one value, which must be those of `part`. Raises DamageError."""
    from cfgtool.checkpoints.tensor_proto import tensor_bytes

    for number, data in fields(value):
        if number == 2:  # data
            found = dict(fields(view_of(data)))
            name = bytes_of(found.get(1, b"")).decode("utf-8", "backslashreplace")
            slice_ = read_slice(bytes_of(found.get(2, b"")))
            if name != entry.name or slice_ != part:
                raise DamageError(0, f"has the values of {name!r}")
            tensor = view_of(found.get(3, b""))
            return tensor_bytes(tensor, entry.dtype, shape)
    raise DamageError(0, "has no values")
