"""Decompression of Snappy blocks (google/snappy, format_description.txt, 2011)."""

from __future__ import annotations

from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.wire import varint

_MAX_RATIO = 22  # three bytes copy at most 64
_MAX_LENGTH = 1 << 28


def uncompress(data: bytes) -> bytes:
    """The content of one compressed block.

    Raises DamageError, with the offset in `data`, for input that no compressor writes, among it a promised
    length that this much input cannot reach: memory is only ever claimed for content that is there.
    """
    length, position = varint(data, 0)
    if length > min(_MAX_RATIO * len(data), _MAX_LENGTH):
        raise DamageError(0, f"{len(data)} compressed bytes cannot hold {length}")
    out = bytearray()
    end = len(data)
    while position < end:
        start = position
        tag = data[position]
        position += 1
        kind = tag & 3
        if kind == 0:
            size = (tag >> 2) + 1
            if size > 60:
                extra = size - 60
                size = int.from_bytes(data[position : position + extra], "little") + 1
                position += extra
            if position + size > end:
                raise DamageError(start, "compressed data ends inside a literal")
            out += data[position : position + size]
            position += size
        else:
            if kind == 1:
                size = (tag >> 2 & 7) + 4
                offset = (tag >> 5) << 8 | int.from_bytes(data[position : position + 1], "little")
                position += 1
            else:
                size = (tag >> 2) + 1
                width = 2 if kind == 2 else 4
                offset = int.from_bytes(data[position : position + width], "little")
                position += width
            _copy(out, offset, size, start)
        if len(out) > length:
            raise DamageError(start, f"compressed data holds more than the {length} bytes it promises")
    if len(out) != length or position != end:
        raise DamageError(end, f"compressed data holds {len(out)} bytes and promises {length}")
    return bytes(out)


def _copy(out: bytearray, offset: int, size: int, position: int) -> None:
    """Append `size` bytes from `offset` bytes back; a copy longer than its offset repeats itself."""
    start = len(out) - offset
    if offset == 0 or start < 0:
        raise DamageError(position, "compressed data copies from before its start")
    if offset >= size:
        out += out[start : start + size]
    else:
        pattern = bytes(out[start:])
        out += (pattern * (size // offset + 1))[:size]
