"""The layers below: checksums, numbers, messages, compression."""

from __future__ import annotations

import random

import pytest
from written_tables import bytes_field, compress, number_field, varint

from cfgtool import crc32c
from cfgtool.checkpoints import wire
from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.folding import fold
from cfgtool.checkpoints.ordered_code import slice_key
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


def _power(exponent: int) -> int:
    """x**exponent modulo the polynomial of CRC-32C, bit i standing for x**i."""
    polynomial = int(f"{crc32c.POLYNOMIAL:032b}"[::-1], 2) | 1 << 32
    result = 1
    for _ in range(exponent):
        result <<= 1
        if result >> 32:
            result ^= polynomial
    return result


@pytest.mark.parametrize(("power", "terms"), crc32c.FOLDS)
def test_folds_are_multiples_of_the_polynomial(power: int, terms: tuple[int, ...]) -> None:
    total = _power(power)
    for term in terms:
        total ^= _power(term)
    assert total == 0
    assert terms == tuple(sorted(terms, reverse=True))


@pytest.mark.parametrize("length", [0, 1, 60, 71, 99, 1000, 63_599, 63_600, 63_601, 200_001])
def test_the_checksum_is_that_of_one_byte_after_the_other(length: int) -> None:
    data = random.Random(length).randbytes(length)
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (crc32c.POLYNOMIAL if register & 1 else 0)
    assert crc32c.crc32c(data) == crc32c.crc32c(memoryview(data)) == register ^ 0xFFFFFFFF


def test_an_installed_library_is_used_for_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """In pieces that are bytes, which is all that it takes."""
    data = memoryview(random.Random(1).randbytes((1 << 20) + 5))
    pieces: list[int] = []

    def extend(crc: int, piece: bytes) -> int:
        assert isinstance(piece, bytes)
        pieces.append(len(piece))
        return crc + piece[0]

    monkeypatch.setattr(crc32c, "_installed", lambda: extend)
    assert crc32c.crc32c(data) == data[0] + data[1 << 20]
    assert pieces == [1 << 20, 5]
    assert crc32c.crc32c(data[:5]) == crc32c._plain(data[:5])


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ((), "00"),
        (((0, -1),), "0101807f"),
        (((0, 3), (64, 2)), "01028083c04082"),
        (((100, 8192),), "0101c064e02000"),
        (((1 << 20, 1 << 40),), "0101f0100000fd0000000000"),
    ],
)
def test_keys_of_parts(part: tuple[tuple[int, int], ...], code: str) -> None:
    """As google's ordered code writes numbers; what TensorFlow wrote is among the fixtures."""
    name = b"a\0b\xff"
    assert slice_key(name, part) == b"\0" + b"a\0\xffb\xff\0" + b"\0\1" + bytes.fromhex(code)


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["a/b/c"], ["a/b/c"]),
        (["a/w", "a/w/Momentum"], ["a/w", "  Momentum"]),
        (["u_1/w", "u_2/w", "u_3/w", "u_10/w"], ["u_{1..3,10}/w"]),
        (["u_01/w", "u_02/w"], ["u_01/w", "u_02/w"]),
        (["u_1/w", "u_2/v"], ["u_1/w", "u_2/v"]),
        (["x/beta", "x/gamma"], ["x/{beta,gamma}"]),
        (["", "/", "a//b"], None),
    ],
)
def test_folding(names: list[str], labels: list[str] | None) -> None:
    lines = fold([(name, "2 float32", 1) for name in names], sum)
    shown = [f"{'  ' * line.depth}{line.label}" for line in lines]
    assert labels is None or labels == shown
    assert sum(line.tensors for line in lines if line.depth == 0) == len(names)
    assert sum(line.amount for line in lines if line.depth == 0) == len(names)
