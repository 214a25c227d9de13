"""Sorted string tables, the container of checkpoint indices (google/leveldb, table_format.md, 2011).

A table is a run of blocks, an index block that points to them, and a footer that points to the index block. A
block is a run of entries whose keys leave out what they share with the key before, then the restart points,
then one byte for the compression and a checksum.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.wire import varint
from cfgtool.crc32c import masked_crc32c

if TYPE_CHECKING:
    from mmap import mmap

MAGIC = bytes.fromhex("57fb808b247547db")
_FOOTER = 48
_TRAILER = 5  # compression and checksum


def read_table(data: bytes | mmap) -> Iterator[tuple[bytes, bytes]]:
    """The (key, value) pairs of a table file, in the order of the keys.

    Raises DamageError, with the offset in the file, at the first thing that is not as it must be; every
    block's checksum is compared before the block is read.
    """
    footer = len(data) - _FOOTER
    if footer < 0 or data[-8:] != MAGIC:
        raise DamageError(max(len(data) - 8, 0), f"no table footer at the end of its {len(data)} bytes")
    try:
        _, position = _handle(data, footer)  # of the meta-index, which checkpoints leave empty
        index, _ = _handle(data, position)
    except DamageError as error:
        raise DamageError(footer, f"table footer: {error.what}") from None
    last: bytes | None = None
    free = 0  # blocks lie one after the other, so that reading takes no longer than the file is long
    for _, value in _entries(_block(data, index, footer), index[0]):
        handle, _ = _handle(value, 0)
        if handle[0] < free:
            raise DamageError(handle[0], "a block lies before the end of the one before it")
        free = sum(handle)
        for key, content in _entries(_block(data, handle, footer), handle[0]):
            if last is not None and key <= last:
                raise DamageError(handle[0], f"keys are not in order at {key[:60]!r}")
            last = key
            yield key, content


def _handle(data: bytes | mmap, position: int) -> tuple[tuple[int, int], int]:
    """The (offset, size) of a block at `position`, and the position after it."""
    offset, position = varint(data, position)
    size, position = varint(data, position)
    return (offset, size), position


def _block(data: bytes | mmap, handle: tuple[int, int], footer: int) -> bytes:
    """The checked and uncompressed content of the block at `handle`, which must end before the footer."""
    offset, size = handle
    end = offset + size
    if end + _TRAILER > footer:
        raise DamageError(footer, f"a block of {size} bytes at {offset} reaches beyond the end of the file")
    kind = data[end]
    if masked_crc32c(data[offset : end + 1]) != int.from_bytes(data[end + 1 : end + _TRAILER], "little"):
        raise DamageError(offset, f"the checksum of the {size} bytes from here does not match")
    if kind == 0:
        return data[offset:end]
    if kind != 1:
        raise DamageError(end, f"unknown block compression {kind}")
    from cfgtool.checkpoints.snappy import uncompress

    try:
        return uncompress(data[offset:end])
    except DamageError as error:
        raise DamageError(offset + error.offset, error.what) from None


def _entries(block: bytes, offset: int) -> Iterator[tuple[bytes, bytes]]:
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
