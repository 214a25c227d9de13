"""The wire format of protocol buffers, as far as checkpoints use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cfgtool.checkpoints.damage import DamageError

if TYPE_CHECKING:
    from mmap import mmap

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def varint(data: bytes | mmap, position: int) -> tuple[int, int]:
    """The unsigned number at `position`, at most 64 bits, and the position after it. Raises DamageError."""
    value = shift = 0
    start = position
    end = len(data)
    while position < end:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                break
            return value, position
        shift += 7
        if shift > 63:
            break
    raise DamageError(start, "number is cut off or has more than 64 bits")


def signed(value: int) -> int:
    """An int64 from its unsigned wire form."""
    return value - (1 << 64) if value >> 63 else value


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of each field of a message: unsigned int of a varint or fixed field, bytes of the
    others.

    Raises DamageError, with the offset in `data`, for anything that is not a message.
    """
    position = 0
    end = len(data)
    while position < end:
        start = position
        key, position = varint(data, position)
        kind = key & 7
        if kind == VARINT:
            number, position = varint(data, position)
            yield key >> 3, number
            continue
        if kind == BYTES:
            size, position = varint(data, position)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise DamageError(start, f"message has a field of unknown wire type {kind}")
        if key >> 3 == 0 or position + size > end:
            raise DamageError(start, "message is cut off")
        value = data[position : position + size]
        position += size
        yield key >> 3, value if kind == BYTES else int.from_bytes(value, "little")


def number_of(value: int | bytes) -> int:
    """A value of `fields` that must be a number. Raises DamageError."""
    if isinstance(value, bytes):
        raise DamageError(0, "message has bytes where a number must be")
    return value


def bytes_of(value: int | bytes) -> bytes:
    """A value of `fields` that must be bytes: a string or a message. Raises DamageError."""
    if isinstance(value, int):
        raise DamageError(0, "message has a number where bytes must be")
    return value
