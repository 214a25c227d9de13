"""Keys under which values are stored: "ordered code", which sorts as what it encodes.

Both name-based formats store a tensor's values, or those of a part of it, under its name and slice
(tensorflow/core/lib/strings/ordered_code.h: how numbers and strings are written).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.checkpoints.entry import Slice


def slice_key(name: bytes, part: Slice) -> bytes:
    """The key of the values of `part` of the tensor `name`; a whole axis is written as (0, -1)."""
    key = _number(0) + _string(name) + _number(len(part))
    for start, length in part:
        key += _signed(start) + _signed(length)
    return key


def _number(value: int) -> bytes:
    """An unsigned number: the count of its bytes, then the bytes, highest first."""
    size = (value.bit_length() + 7) // 8
    return bytes([size]) + value.to_bytes(size, "big")


def _string(value: bytes) -> bytes:
    """A string, with the two bytes that have a meaning escaped, and its end."""
    parts = (part.replace(b"\xff", b"\xff\0") for part in value.split(b"\0"))
    return b"\0\xff".join(parts) + b"\0\1"


def _signed(value: int) -> bytes:
    """A signed number: two's complement in n bytes, the n highest bits and the sign's inverted."""
    size = (value if value >= 0 else ~value).bit_length() // 7 + 1
    header = (1 << size) - 1 << 7 * size
    return (value % (1 << 8 * size) ^ header).to_bytes(size, "big")
