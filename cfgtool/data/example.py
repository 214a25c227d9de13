"""tf.Example messages: decoding and encoding of the wire format, without protobuf.

Schema: tensorflow/core/example/example.proto and feature.proto. Example.features = 1; Features.feature = 1,
a map of string (key = 1) to Feature (value = 2); Feature is one of bytes_list = 1, float_list = 2,
int64_list = 3, each with a repeated `value` = 1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence

from cfgtool.errors import UserError

Values = list[bytes] | list[int] | list[float]
"""The values of one feature; an empty list where a feature is present without values."""

Bytes = bytes | memoryview

MAX_VALUES = 1 << 26
"""Numbers and texts of a record beyond this are not read: each takes some forty bytes, and one in the file."""
_LARGE = 64 << 10
"""Records beyond this are taken apart as views: an image would be copied at each of five levels."""
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def decode_example(data: bytes) -> dict[str, Values]:
    """The features of one serialised tf.Example by key. Raises UserError if `data` is not one,
    or has more than `MAX_VALUES` values.
    """
    features: dict[str, Values] = {}
    room = MAX_VALUES
    try:
        for number, value in wire_fields(memoryview(data) if len(data) > _LARGE else data):
            if number == 2 and not isinstance(value, int):
                raise UserError("is a tf.SequenceExample, not a tf.Example")
            if number == 1 and not isinstance(value, int):
                for key, values in wire_features(value, room):
                    room -= len(values)
                    features[key] = values
    except (IndexError, ValueError, struct.error):
        raise UserError("is not a serialised tf.Example") from None
    return features


def encode_example(features: Mapping[str, Sequence[bytes | str] | Sequence[int] | Sequence[float]]) -> bytes:
    """Serialise features as a tf.Example, keys sorted, so that equal features give equal bytes.

    Strings are stored as UTF-8; numbers as floats if any of the list is one. Raises TypeError for others.
    """
    entries = b"".join(
        _field(1, _field(1, key.encode()) + _field(2, _feature(features[key]))) for key in sorted(features)
    )
    return _field(1, entries)


def wire_fields(data: Bytes) -> Iterator[tuple[int, Bytes | int]]:
    """(number, value) of each field: an int for varints, a part of `data` for everything else."""
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise ValueError("field number 0")
        value: Bytes | int
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == _LENGTH:
            length, at = _varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError("group or unknown wire type")
        if at + length > end:
            raise ValueError("value runs over the end")
        yield number, data[at : at + length]
        at += length


def _varint(data: Bytes, at: int) -> tuple[int, int]:
    """The base-128 number at `at` and the offset after it. Raises IndexError at the end of `data`."""
    result = shift = 0
    while True:
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            if result >> 64:
                raise ValueError("varint beyond 64 bits")
            return result, at
        shift += 7
        if shift > 63:
            raise ValueError("varint beyond 64 bits")


def wire_features(data: Bytes, room: int) -> Iterator[tuple[str, Values]]:
    """The map entries of a Features message, of `room` values at most; of entries with one key the last counts, as in
    any map field.
    """
    for number, entry in wire_fields(data):
        if number == 1 and not isinstance(entry, int):
            key, values = _map_entry(entry, room)
            room -= len(values)
            yield key, values


def _map_entry(data: Bytes, room: int) -> tuple[str, Values]:
    key = ""
    values: Values = []
    for number, value in wire_fields(data):
        if number == 1 and not isinstance(value, int):
            key = bytes(value).decode("utf-8", "surrogateescape")
        elif number == 2 and not isinstance(value, int):
            values = wire_values(value, room)
    return key, values


def wire_values(data: Bytes, room: int) -> Values:
    """The values of a Feature; the last list wins, as in any oneof."""
    values: Values = []
    for number, value in wire_fields(data):
        if isinstance(value, int):
            raise ValueError("scalar where a list is expected")
        if number == 1:
            values = _texts(value, room)
        elif number == 2:
            values = _floats(value, room)
        elif number == 3:
            values = _integers(value, room)
    return values


def _texts(data: Bytes, room: int) -> list[bytes]:
    values: list[bytes] = []
    for number, value in wire_fields(data):
        if number == 1 and not isinstance(value, int):
            if len(values) >= room:
                raise _too_many()
            values.append(bytes(value))
    return values


def _floats(data: Bytes, room: int) -> list[float]:
    values: list[float] = []
    for number, value in wire_fields(
        data
    ):  # packed, or one fixed32 field each: four bytes per value both ways
        if number == 1 and not isinstance(value, int):
            if len(values) + len(value) // 4 > room:
                raise _too_many()
            values += struct.unpack(f"<{len(value) // 4}f", value)
    return values


def _too_many() -> UserError:
    return UserError(f"has more than {MAX_VALUES:,} values, more than any example of a detection data set")


def _integers(data: Bytes, room: int) -> list[int]:
    values: list[int] = []
    for number, value in wire_fields(data):
        if number != 1:
            continue
        if isinstance(value, int):
            values.append(value)
        else:
            at = 0
            while at < len(value) and len(values) <= room:
                item, at = _varint(value, at)
                values.append(item)
        if len(values) > room:
            raise _too_many()
    return [value - (1 << 64) if value >> 63 else value for value in values]


def _feature(values: Sequence[bytes | str] | Sequence[int] | Sequence[float]) -> bytes:
    items: list[object] = list(values)
    if not items:
        return b""
    if all(isinstance(item, (bytes, str)) for item in items):
        texts = (item.encode() if isinstance(item, str) else item for item in items)
        return _field(1, b"".join(_field(1, text) for text in texts if isinstance(text, bytes)))
    if all(isinstance(item, int) for item in items):
        numbers = (item for item in items if isinstance(item, int))
        return _field(
            3, _field(1, b"".join(_encode_varint(number & 0xFFFFFFFFFFFFFFFF) for number in numbers))
        )
    if all(isinstance(item, (int, float)) for item in items):
        return _field(2, _field(1, struct.pack(f"<{len(items)}f", *items)))
    raise TypeError(f"a feature holds bytes, integers or floats, not {items[0]!r}")


def _field(number: int, data: bytes) -> bytes:
    return _encode_varint(number << 3 | _LENGTH) + _encode_varint(len(data)) + data


def _encode_varint(value: int) -> bytes:
    if value <= 0x7F:
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
