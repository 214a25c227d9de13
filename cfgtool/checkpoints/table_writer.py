"""Writing sorted string tables, the container of checkpoint indices: the reverse of `table`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from cfgtool.checkpoints.encode import varint
from cfgtool.checkpoints.table import MAGIC
from cfgtool.crc32c import masked_crc32c

_BLOCK = 4096  # bytes after which a block ends
_RESTART = 16  # entries after which a key is written whole, so that a reader can start there
_HANDLES = 40  # bytes of the footer before its magic number


def write_table(file: BinaryIO, rows: Iterable[tuple[bytes, bytes]]) -> None:
    """Write the (key, value) pairs, whose keys must ascend, as an uncompressed table.

    One block is held at a time, and the last key of each. Raises ValueError if a key is not above the one before.
    """
    offset = 0
    index: list[tuple[bytes, bytes]] = []

    def put(block: _Block) -> bytes:
        """Write a block with its trailer; returns where it is."""
        nonlocal offset
        content = block.content() + b"\0"  # not compressed
        file.write(content + masked_crc32c(content).to_bytes(4, "little"))
        handle = varint(offset) + varint(len(content) - 1)
        offset += len(content) + 4
        return handle

    block = _Block()
    last: bytes | None = None
    for key, value in rows:
        if last is not None and key <= last:
            raise ValueError(f"key {key!r} follows {last!r}")
        if block.size >= _BLOCK and last is not None:
            index.append((last, put(block)))
            block = _Block()
        block.add(key, value)
        last = key
    if last is not None:
        index.append((last, put(block)))
    meta = put(_Block())
    top = _Block(restart=1)
    for key, handle in index:
        top.add(key, handle)
    footer = meta + put(top)
    file.write(footer.ljust(_HANDLES, b"\0") + MAGIC)


class _Block:
    """A block under construction; `restart` keys after a whole one are cut by what they share with the one before."""

    def __init__(self, restart: int = _RESTART) -> None:
        self.size = 0
        self._restart = restart
        self._parts: list[bytes] = []
        self._restarts: list[int] = []
        self._count = 0
        self._last = b""

    def add(self, key: bytes, value: bytes) -> None:
        """Append an entry."""
        shared = 0
        if self._count % self._restart:
            shared = _shared(self._last, key)
        else:
            self._restarts.append(self.size)
        fresh = key[shared:]
        part = varint(shared) + varint(len(fresh)) + varint(len(value)) + fresh + value
        self._parts.append(part)
        self.size += len(part)
        self._count += 1
        self._last = key

    def content(self) -> bytes:
        """The bytes of the block without its trailer."""
        restarts = self._restarts or [0]
        numbers = [*restarts, len(restarts)]
        return b"".join(self._parts) + b"".join(number.to_bytes(4, "little") for number in numbers)


def _shared(a: bytes, b: bytes) -> int:
    """How many bytes both begin with."""
    for position, (left, right) in enumerate(zip(a, b, strict=False)):
        if left != right:
            return position
    return min(len(a), len(b))
