"""tf.Example messages on the wire."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from cfgtool.data.example import decode_example, encode_example
from cfgtool.data.tfrecord import read_records
from cfgtool.errors import UserError


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


def _example(key: bytes, feature: bytes) -> bytes:
    return _field(1, _field(1, _field(1, key) + _field(2, feature)))


def test_round_trip() -> None:
    features = {
        "bytes": [b"", b"abc", b"\xff\0"],
        "ints": [0, 1, -1, 127, 128, 2**63 - 1, -(2**63)],
        "floats": [0.0, -0.5, 1e30],
        "empty": [],
    }
    decoded = decode_example(encode_example(features))
    assert decoded["bytes"] == features["bytes"]
    assert decoded["ints"] == features["ints"]
    assert decoded["floats"] == pytest.approx(features["floats"], rel=1e-7)
    assert decoded["empty"] == []


def test_equal_features_give_equal_bytes() -> None:
    assert encode_example({"a": [1], "b": ["x"]}) == encode_example({"b": [b"x"], "a": [1]})


def test_mixed_numbers_become_floats() -> None:
    assert decode_example(encode_example({"x": [1, 0.5]})) == {"x": [1.0, 0.5]}


def test_other_values_are_refused() -> None:
    with pytest.raises(TypeError, match="bytes, integers or floats"):
        encode_example({"x": [None]})  # type: ignore[list-item]


# Writers other than ours may leave lists unpacked.
@pytest.mark.parametrize(
    ("feature", "values"),
    [
        (_field(3, b"\x08\x05\x08\xac\x02"), [5, 300]),
        (_field(3, _field(1, b"\x05\xac\x02") + b"\x08\x07"), [5, 300, 7]),
        (_field(2, b"\x0d" + struct.pack("<f", 2.0) + b"\x0d" + struct.pack("<f", 3.0)), [2.0, 3.0]),
        (_field(1, _field(1, b"a") + _field(1, b"")), [b"a", b""]),
        (b"", []),
        (_field(1, _field(1, b"lost")) + _field(3, _field(1, b"\1")), [1]),
    ],
)
def test_spellings_of_lists(feature: bytes, values: list[object]) -> None:
    assert decode_example(_example(b"k", feature)) == {"k": values}


def test_unknown_fields_are_skipped() -> None:
    extra = b"\x28\x01" + b"\x31" + bytes(8) + b"\x3d" + bytes(4)
    assert decode_example(extra + _example(b"k", _field(3, b"\x08\x05")) + extra) == {"k": [5]}


@pytest.mark.parametrize(
    "data",
    [
        b"\x0a\x05ab",  # runs over the end
        b"\x0a",  # no length
        b"\xff" * 12,  # endless varint
        b"\x0b\x00",  # group
        b"\x02\x00",  # field number 0
        _example(b"k", _field(3, b"\x0a\x02\x80\x80")),  # varint cut off inside a list
        _example(b"k", _field(2, _field(1, b"abc"))),  # 3 bytes of floats
        b"\xff\xd8\xff\xe0\0\x10JFIF",  # an image
    ],
)
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(UserError, match="not a serialised"):
        decode_example(data)


def test_sequence_example_is_named() -> None:
    with pytest.raises(UserError, match="SequenceExample"):
        decode_example(_field(1, b"") + _field(2, b""))


@pytest.mark.reference
def test_real_examples_survive_reencoding(shared: Path) -> None:
    for record in read_records(str(shared / "corpus/records/pets_examples.record")):
        example = decode_example(record)
        assert example["image/format"] == [b"jpeg"]
        assert decode_example(encode_example(example)) == example
