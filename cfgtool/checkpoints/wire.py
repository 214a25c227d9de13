"""The wire format of protocol buffers, as far as checkpoints use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from cfgtool.checkpoints.damage import DamageError

if TYPE_CHECKING:
    from mmap import mmap

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

Buffer: TypeAlias = "bytes | mmap | memoryview"


def varint(data: Buffer, position: int) -> tuple[int, int]:
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


def field_at(data: Buffer, position: int, end: int) -> tuple[int, int, int, int]:
    """(number, wire type, start, end) of the field at `position` of a message that ends at `end`: where its value lies.

    Raises DamageError, with the offset in `data`, for anything that is no field.
    """
    start = position
    key, position = varint(data, position)
    kind = key & 7
    begin = position
    if kind == VARINT:
        _, position = varint(data, position)
    elif kind == BYTES:
        size, begin = varint(data, position)
        position = begin + size
    elif kind in (FIXED32, FIXED64):
        position += 4 if kind == FIXED32 else 8
    else:
        raise DamageError(start, f"message has a field of unknown wire type {kind}")
    if key < 8 or position > end:
        raise DamageError(start, "message is cut off")
    return key >> 3, kind, begin, position


def spans(data: Buffer, position: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """`field_at` of each field of the message in data[position:end]."""
    while position < end:
        field = field_at(data, position, end)
        yield field
        position = field[3]


def fields(data: bytes | memoryview) -> Iterator[tuple[int, int | bytes | memoryview]]:
    """(number, value) of each field of a message: unsigned int of a varint or fixed field, of the others a
    slice of `data`.

    Raises DamageError, with the offset in `data`, for anything that is not a message.
    """
    position = 0
    end = len(data)
    while position < end:
        key = data[position]
        if (
            8 <= key < 0x80 and position + 1 < end and data[position + 1] < 0x80
        ):  # the usual case is done here
            kind = key & 7
            if kind == VARINT:
                yield key >> 3, data[position + 1]
                position += 2
                continue
            if kind == BYTES:
                start = position + 2
                position = start + data[position + 1]
                if position > end:
                    raise DamageError(start - 2, "message is cut off")
                yield key >> 3, data[start:position]
                continue
        number, kind, start, position = field_at(data, position, end)
        if kind == BYTES:
            yield number, data[start:position]
        elif kind == VARINT:
            yield number, varint(data, start)[0]
        else:
            yield number, int.from_bytes(data[start:position], "little")


def number_of(value: int | bytes | memoryview) -> int:
    """A value of `fields` that must be a number. Raises DamageError."""
    if not isinstance(value, int):
        raise DamageError(0, "message has bytes where a number must be")
    return value


def bytes_of(value: int | bytes | memoryview) -> bytes:
    """A value of `fields` that must be bytes, a string or a message, copied. Raises DamageError."""
    return bytes(view_of(value))


def view_of(value: int | bytes | memoryview) -> bytes | memoryview:
    """A value of `fields` that must be bytes, as it is. Raises DamageError."""
    if isinstance(value, int):
        raise DamageError(0, "message has a number where bytes must be")
    return value
