"""Sorted string tables, the container of checkpoint indices (google/leveldb, table_format.md, 2011).

A table is a run of blocks, an index block that points to them, and a footer that points to the index block. A
block is a run of entries whose keys leave out what they share with the key before, then the restart points,
then one byte for the compression and a checksum.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.wire import Buffer, varint
from cfgtool.crc32c import masked_crc32c

MAGIC = bytes.fromhex("57fb808b247547db")
_FOOTER = 48
_TRAILER = 5  # compression and checksum

Handle: TypeAlias = tuple[int, int]
"""Offset and size of a block."""


class Table:
    """The blocks of a table file; values that lie in the file uncompressed are slices of `data`.

    Raises DamageError, with the offset in the file, at the first thing that is not as it must be. The checksum of a
    block is compared before the block is read, unless `check` is False.
    """

    __slots__ = ("_footer", "check", "data", "index", "meta")

    def __init__(self, data: Buffer, *, check: bool = True) -> None:
        self.data = data
        self.check = check
        self._footer = len(data) - _FOOTER
        if self._footer < 0 or data[-8:] != MAGIC:
            raise DamageError(max(len(data) - 8, 0), f"no table footer at the end of its {len(data)} bytes")
        try:
            self.meta, position = _handle(
                data, self._footer
            )  # of the meta-index, which checkpoints leave empty
            self.index, _ = _handle(data, position)
        except DamageError as error:
            raise DamageError(self._footer, f"table footer: {error.what}") from None

    def blocks(self) -> Iterator[tuple[bytes, Handle]]:
        """(key, handle) of each block, in order; no key of the block is above that key."""
        free = 0  # blocks lie one after the other, so that reading takes no longer than the file is long
        for key, value in _entries(self.block(self.index), self.index[0]):
            handle, _ = _handle(value, 0)
            if handle[0] < free:
                raise DamageError(handle[0], "a block lies before the end of the one before it")
            free = sum(handle)
            yield key, handle

    def entries(self, handle: Handle) -> Iterator[tuple[bytes, bytes | memoryview]]:
        """The (key, value) pairs of one block."""
        return _entries(self.block(handle), handle[0])

    def block(self, handle: Handle) -> bytes | memoryview:
        """The checked and uncompressed content of the block at `handle`, which must end before the footer."""
        offset, size = handle
        end = offset + size
        if end + _TRAILER > self._footer:
            message = f"a block of {size} bytes at {offset} reaches beyond the end of the file"
            raise DamageError(self._footer, message)
        kind = self.data[end]
        if self.check:
            stored = int.from_bytes(self.data[end + 1 : end + _TRAILER], "little")
            if masked_crc32c(self.data[offset : end + 1]) != stored:
                raise DamageError(offset, f"the checksum of the {size} bytes from here does not match")
        if kind == 0:
            return self.data[offset:end]
        if kind != 1:
            raise DamageError(end, f"unknown block compression {kind}")
        from cfgtool.checkpoints.snappy import uncompress

        try:
            return uncompress(bytes(self.data[offset:end]))
        except DamageError as error:
            raise DamageError(offset + error.offset, error.what) from None


def read_table(data: Buffer) -> Iterator[tuple[bytes, bytes | memoryview]]:
    """The (key, value) pairs of a table file, in the order of the keys. Raises DamageError, as `Table` does."""
    table = Table(data)
    last: bytes | None = None
    for _, handle in table.blocks():
        for key, content in table.entries(handle):
            if last is not None and key <= last:
                raise DamageError(handle[0], f"keys are not in order at {key[:60]!r}")
            last = key
            yield key, content


def _handle(data: Buffer, position: int) -> tuple[Handle, int]:
    """The (offset, size) of a block at `position`, and the position after it."""
    offset, position = varint(data, position)
    size, position = varint(data, position)
    return (offset, size), position


def _entries(block: bytes | memoryview, offset: int) -> Iterator[tuple[bytes, bytes | memoryview]]:
    """The entries of one block; `offset`, where the block lies in the file, is for the message."""
    size = len(block)
    end = size - 4 - 4 * int.from_bytes(block[-4:], "little") if size >= 4 else -1
    if end < 0:
        raise DamageError(offset, "block has no room for its restart points")
    key = b""
    position = 0
    while position < end:
        shared, fresh, length = block[position], block[position + 1], block[position + 2]
        if (shared | fresh | length) < 0x80:  # the usual case: three numbers of one byte
            position += 3
        else:
            shared, position = varint(block, position)
            fresh, position = varint(block, position)
            length, position = varint(block, position)
        middle = position + fresh
        stop = middle + length
        if stop > end or shared > len(key):
            raise DamageError(offset, "an entry reaches beyond the end of its block")
        key = key[:shared] + block[position:middle]
        yield key, block[middle:stop]
        position = stop
