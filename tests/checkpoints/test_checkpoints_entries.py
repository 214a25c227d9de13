"""Entries of an index, read the quick way and the careful way: the same for every message, whole or not."""

from __future__ import annotations

import random

import pytest
from written_tables import bytes_field, entry, number_field

from cfgtool.checkpoints import bundle
from cfgtool.checkpoints.damage import DamageError

WHOLE = [
    entry((3, 4), offset=1 << 40),
    entry((), dtype=9, shard=3),
    entry((2, 2)) + b"\x35\x01\x02\x03\x04",
    entry((7,), size=28) + number_field(4, 5) + number_field(4, 1 << 33),
    bytes_field(2, b"") + number_field(5, 4) + number_field(1, 1),
    number_field(1, 1) + number_field(9, 1),
    number_field(1, 1) + number_field(4, (1 << 64) - 1),
    b"",
]


def outcome(value: bytes) -> object:
    try:
        found = bundle._read_entry("name", value, {})
    except DamageError as error:
        return error.what
    return (found.dtype, found.shape, found.shard, found.offset, found.size, found.crc, found.slices)


def carefully(value: bytes, monkeypatch: pytest.MonkeyPatch) -> object:
    with monkeypatch.context() as patch:
        patch.setattr(bundle, "_plain_fields", lambda value: ([0] * 7, b"", value))
        return outcome(value)


@pytest.mark.parametrize("value", WHOLE)
def test_whole_entries(value: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcome(value) == carefully(value, monkeypatch)


def test_changed_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(5)
    for _ in range(4000):
        value = bytearray(chance.choice(WHOLE))
        for _ in range(chance.randrange(4)):
            if value:
                value[chance.randrange(len(value))] = chance.randrange(256)
        del value[len(value) - chance.randrange(3) :]
        assert outcome(bytes(value)) == carefully(bytes(value), monkeypatch), bytes(value)
