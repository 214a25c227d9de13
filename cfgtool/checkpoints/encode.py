"""Protocol buffers on the wire, as far as checkpoints are written: the reverse of `wire`."""

from __future__ import annotations

from cfgtool.checkpoints.wire import BYTES, FIXED32, VARINT


def varint(number: int) -> bytes:
    """An unsigned number of at most 64 bits."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def number_field(field: int, value: int) -> bytes:
    """A field of a number that is not negative; 0, the default of every number, is left out."""
    return varint(field << 3 | VARINT) + varint(value) if value else b""


def bytes_field(field: int, value: bytes) -> bytes:
    """A field of bytes, a string or a message, written even if empty."""
    return varint(field << 3 | BYTES) + varint(len(value)) + value


def text_field(field: int, value: str) -> bytes:
    """A field of text; lone surrogates, which stand for bytes that are no UTF-8, become those bytes."""
    return bytes_field(field, value.encode("utf-8", "surrogateescape"))


def fixed32_field(field: int, value: int) -> bytes:
    """A field of four bytes."""
    return varint(field << 3 | FIXED32) + value.to_bytes(4, "little")
