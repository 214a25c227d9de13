"""The layers below: checksums, numbers, messages, compression."""

from __future__ import annotations

import random

import pytest
from written_tables import bytes_field, compress, number_field, varint

from cfgtool.checkpoints import wire
from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.snappy import uncompress


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 1 << 32, (1 << 64) - 1])
def test_varint(number: int) -> None:
    data = b"ab" + varint(number) + b"c"
    assert wire.varint(data, 2) == (number, len(data) - 1)


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 9, b"\xff" * 11, b"\xff" * 9 + b"\x02"])
def test_numbers_without_end_or_of_too_many_bits(data: bytes) -> None:
    with pytest.raises(DamageError, match="byte 0: number is cut off or has more than 64 bits"):
        wire.varint(data, 0)


@pytest.mark.parametrize("number", [0, 5, -1, -(1 << 63)])
def test_signed(number: int) -> None:
    assert wire.signed(number % (1 << 64)) == number


def test_fields_of_all_kinds() -> None:
    message = number_field(1, 7) + bytes_field(2, b"xy") + b"\x1d\1\0\0\0" + b"\x21\2" + b"\0" * 7
    assert list(wire.fields(message)) == [(1, 7), (2, b"xy"), (3, 1), (4, 2)]


@pytest.mark.parametrize("message", [b"\x12\x05ab", b"\x0b", b"\x1d\0", b"\x02\0", b"\x08"])
def test_what_is_no_message(message: bytes) -> None:
    with pytest.raises(DamageError):
        list(wire.fields(message))


@pytest.mark.parametrize(
    ("data", "content"),
    [
        (b"\0", b""),
        (b"\x03\x08abc", b"abc"),
        (b"\x08\0a\x01\1\x08xyz", b"aaaaaxyz"),
        (b"\x06\x04ab\x0e\2\0", b"ababab"),
        (b"\x06\x04ab\x0f\2\0\0\0", b"ababab"),
        (varint(300) + b"\xf4" + (299).to_bytes(2, "little") + b"q" * 300, b"q" * 300),
    ],
)
def test_snappy_by_hand(data: bytes, content: bytes) -> None:
    assert uncompress(data) == content


@pytest.mark.parametrize("seed", range(20))
def test_snappy_gives_back_what_was_compressed(seed: int) -> None:
    rng = random.Random(seed)
    content = b"".join(
        rng.choice([b"model/", b"kernel", b"abcabc", rng.randbytes(5)]) for _ in range(seed * 20)
    )
    assert uncompress(compress(content)) == content


@pytest.mark.parametrize("seed", range(200))
def test_snappy_never_crashes(seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(compress(b"model/kernel" * 20 + rng.randbytes(30)))
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    try:
        size = len(uncompress(bytes(data)))
    except DamageError as error:
        size = error.offset
    assert 0 <= size <= 22 * len(data)
