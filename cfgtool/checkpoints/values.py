"""Values of tensors, read from the data files when they are asked for."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING

from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.wire import varint
from cfgtool.crc32c import masked_crc32c
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from typing import Any

    from cfgtool.checkpoints.checkpoint import Checkpoint
    from cfgtool.checkpoints.entry import Entry


class Values:
    """The values of one checkpoint. Data files are mapped when first needed and stay so until `close`.

    `check` compares the checksum of every value that is read, at about 100 MB/s.
    """

    def __init__(self, checkpoint: Checkpoint, *, check: bool = False) -> None:
        self._checkpoint = checkpoint
        self._check = check
        self._maps: dict[int, memoryview] = {}

    def __enter__(self) -> Values:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget the data files; views that were handed out stay valid."""
        self._maps.clear()

    def raw(self, entry: Entry) -> memoryview:
        """The bytes of a value: its elements in row-major order, little-endian.

        Raises UserError if the data file is missing or too short, if the checksum is wrong, and for
        partitioned variables, whose parts are values of their own.
        """
        path = self._checkpoint.data_file(entry.shard)
        if not self._checkpoint.shards:
            raise UserError(
                "values of a checkpoint in the V1 format are not read", path=self._checkpoint.path
            )
        if entry.slices:
            raise UserError(
                f"{entry.name!r} is partitioned into {len(entry.slices)} parts", path=self._checkpoint.path
            )
        view = self._map(entry.shard)[entry.offset : entry.offset + entry.size]
        if len(view) != entry.size:
            message = f"ends before byte {entry.offset + entry.size}, where {entry.name!r} ends"
            raise UserError(message, path=path, hint="copy or download the checkpoint again")
        if self._check and not _matches(entry, view):
            message = f"is damaged: the checksum of {entry.name!r} at byte {entry.offset} does not match"
            raise UserError(message, path=path, hint="copy or download the checkpoint again")
        return view

    def array(self, entry: Entry) -> Any:
        """The value as a NumPy array of the entry's shape, read-only and without a copy (bfloat16 as uint16).

        Raises UserError as `raw` does, and for strings, resources and variants.
        """
        import numpy as np

        if entry.dtype in ("string", "resource", "variant"):
            raise UserError(
                f"{entry.name!r} holds {entry.dtype} values, not numbers", path=self._checkpoint.path
            )
        dtype = "uint16" if entry.dtype == "bfloat16" else entry.dtype
        return np.frombuffer(self.raw(entry), np.dtype(dtype).newbyteorder("<")).reshape(entry.shape)

    def _map(self, shard: int) -> memoryview:
        if shard not in self._maps:
            path = self._checkpoint.data_file(shard)
            try:
                with open(path, "rb") as file:
                    size = os.fstat(file.fileno()).st_size
                    content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
            except FileNotFoundError:
                hint = "names and shapes are in the index, values only there"
                raise UserError("data file of the checkpoint is missing", path=path, hint=hint) from None
            except OSError as error:
                raise UserError(f"cannot be read: {error.strerror or error}", path=path) from None
            self._maps[shard] = memoryview(content)
        return self._maps[shard]


def _matches(entry: Entry, view: memoryview) -> bool:
    """True if the checksum of a value is right."""
    try:
        return masked_crc32c(_checked(entry, view)) == entry.crc
    except DamageError:  # the lengths of strings are cut off
        return False


def _checked(entry: Entry, view: memoryview) -> bytes | memoryview:
    """What the checksum of a value is of: its bytes, but for strings their lengths in another form.

    A value of strings is stored as the lengths (varints), a checksum of them, and the strings in a row.
    """
    if entry.dtype != "string":
        return view
    data = bytes(view)
    lengths = []
    position = 0
    for _ in range(entry.elements):
        length, position = varint(data, position)
        lengths.append(length.to_bytes(4 if length < 1 << 32 else 8, "little"))
    return b"".join(lengths) + data[position:]
