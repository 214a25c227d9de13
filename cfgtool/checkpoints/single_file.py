"""Checkpoints in one file, the V1 format of 2016: ImageNet classifiers of that time still come so.

The file is a table, whose first entry (`SavedTensorSlices`) lists the tensors; their values follow in
entries of their own, which are not read here.
"""

from __future__ import annotations

import mmap
import os

from cfgtool.checkpoints.bundle import read_slice, read_type
from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.entry import Entry
from cfgtool.checkpoints.table import MAGIC, read_table
from cfgtool.checkpoints.wire import bytes_of, fields, number_of


def is_single_file(path: str) -> bool:
    """True for a file that ends like a table."""
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size < len(MAGIC):
                return False
            file.seek(-len(MAGIC), os.SEEK_END)
            return file.read() == MAGIC
    except OSError:
        return False


def read_single_file(path: str) -> dict[str, Entry]:
    """The tensors of a file for which `is_single_file` holds. Raises DamageError."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        key, value = next(read_table(data), (b"-", b""))
    if key:
        raise DamageError(0, f"starts with {key[:80]!r}, not with a list of tensors")
    entries = {}
    for number, meta in fields(value):
        if number == 1:  # meta
            for part, tensor in fields(bytes_of(meta)):
                if part == 1:  # tensor
                    entry = _read_tensor(bytes_of(tensor))
                    entries[entry.name] = entry
    return entries


def _read_tensor(message: bytes) -> Entry:
    """One `SavedSliceMeta`."""
    name, shape, code = "", b"", 0
    slices = []
    for number, content in fields(message):
        if number == 1:  # name
            name = bytes_of(content).decode("utf-8", "backslashreplace")
        elif number == 2:  # shape
            shape = bytes_of(content)
        elif number == 3:  # type
            code = number_of(content)
        elif number == 4:  # slice
            slices.append(read_slice(bytes_of(content)))
    dtype, sizes = read_type(code, shape)
    entry = Entry(name, dtype, sizes, 0, 0, 0, 0)
    if len(slices) > 1:  # a whole tensor is one slice
        entry.slices = tuple(slices)
    return entry
