"""Values of strings: their lengths (varints), a masked CRC-32C of the lengths, and the strings in a row."""

from __future__ import annotations

from collections.abc import Sequence

from cfgtool.checkpoints.encode import varint as encoded
from cfgtool.checkpoints.wire import varint
from cfgtool.crc32c import masked_crc32c


def join_strings(texts: Sequence[bytes | memoryview]) -> bytes:
    """The value that holds these strings, in row-major order."""
    fixed = b"".join(_fixed(len(text)) for text in texts)
    lengths = b"".join(encoded(len(text)) for text in texts)
    return lengths + masked_crc32c(fixed).to_bytes(4, "little") + b"".join(texts)


def checked_bytes(value: bytes | memoryview, count: int) -> bytes:
    """What the checksum of a value of `count` strings is of: its bytes, with the lengths in another form.

    Raises DamageError if the lengths are cut off.
    """
    data = bytes(value)
    lengths = []
    position = 0
    for _ in range(count):
        length, position = varint(data, position)
        lengths.append(_fixed(length))
    return b"".join(lengths) + data[position:]


def _fixed(length: int) -> bytes:
    return length.to_bytes(4 if length < 1 << 32 else 8, "little")
