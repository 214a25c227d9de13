"""Indices that are cut off, changed or made to hurt: always one message, or the right entries."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from written_tables import (
    HEADER,
    MAGIC,
    block,
    bytes_field,
    compress,
    entry,
    index,
    number_field,
    stored,
    table,
    varint,
)

from cfgtool.checkpoints import bundle, read_checkpoint
from cfgtool.checkpoints.bundle import read_index
from cfgtool.checkpoints.damage import DamageError
from cfgtool.errors import UserError

FIXTURES = Path(__file__).parents[2] / "fixtures" / "checkpoints"
NAMES = ["model/a/bias", "model/a/kernel", "model/b/bias", "model/b/kernel", "model/c/kernel"]
ROWS = {f"{name}/.ATTRIBUTES/VARIABLE_VALUE".encode(): entry((3, 3)) for name in NAMES}
GOOD = {
    "plain": index(ROWS),
    "snappy": index(ROWS, snappy=True),
    "tf1": (FIXTURES / "tf1/model.ckpt-7.index").read_bytes(),
    "tf2": (FIXTURES / "tf2/ckpt-1.index").read_bytes(),
}


def _listing(data: bytes) -> list[tuple[object, ...]]:
    entries = read_index(data).entries
    return [
        (item.name, item.dtype, item.shape, item.offset, item.size, item.crc) for item in entries.values()
    ]


@pytest.mark.parametrize("name", GOOD)
def test_a_changed_byte_is_told_or_changes_nothing(name: str) -> None:
    data = GOOD[name]
    whole = _listing(data)
    told = 0
    for offset in range(0, len(data), 3):
        for flip in (0x01, 0x80, 0xFF):
            changed = data[:offset] + bytes([data[offset] ^ flip]) + data[offset + 1 :]
            try:
                found = _listing(changed)
            except DamageError:
                told += 1
            else:
                assert found == whole, f"byte {offset}"
    # What is left over is the padding of the footer, and the meta-index, which nobody reads.
    assert told > 0.7 * len(data)


@pytest.mark.parametrize("name", GOOD)
def test_a_cut_file_is_told(name: str) -> None:
    for size in range(0, len(GOOD[name]), 7):
        with pytest.raises(DamageError):
            read_index(GOOD[name][:size])


def test_snappy_blocks_hold_the_same() -> None:
    assert _listing(GOOD["snappy"]) == _listing(GOOD["plain"])
    assert len(GOOD["snappy"]) < len(GOOD["plain"])


HUGE = 1 << 63
FAR = b"\0\0" + varint(9) + varint(1 << 40)
LONG_KEY = varint(0) + varint(1 << 30) + b"\0" + block([])
UNSORTED = block([(b"", HEADER), (b"b", entry()), (b"a", entry())])
NO_RANK = number_field(1, 1) + bytes_field(2, number_field(3, 1))
ONE = number_field(1, 1)
EMPTY = b"\0" * 8 + struct.pack("<I", 2)  # a block of nothing but restart points
HANDLE = varint(0) + varint(len(EMPTY))
HOSTILE = {
    "no table": (b"x" * 100, "no table footer"),
    "a number of eleven bytes": (table(footer=b"\xff" * 40 + MAGIC), "cut off or has more than 64 bits"),
    "index beyond the end": (table(footer=FAR.ljust(40, b"\0") + MAGIC), "reaches beyond"),
    "block beyond the end": (table(stored(b""), handles=[varint(0) + varint(1 << 62)]), "reaches beyond"),
    "unknown compression": (table(stored(block([(b"", HEADER)]), 4)), "unknown block compression 4"),
    "no restart points": (table(stored(b"\0\0")), "no room for its restart points"),
    "restart points beyond all bounds": (table(stored(b"\xff" * 4)), "no room for its restart points"),
    "key longer than its block": (table(stored(LONG_KEY)), "beyond the end of its block"),
    "shares too much": (table(stored(varint(9) + b"\1\1ab" + block([]))), "beyond the end of its block"),
    "bomb": (table(stored(varint(1 << 40) + b"\0a", 1)), "cannot hold"),
    "bomb of copies": (table(stored(varint(40) + b"\0a" + b"\xfe\1\0" * 3, 1)), "more than the 40 bytes"),
    "early copy": (table(stored(varint(8) + b"\0a\x0e\7\0", 1)), "copies from before its start"),
    "copy of nothing": (table(stored(varint(8) + b"\0a\x0e\0\0", 1)), "copies from before its start"),
    "literal without end": (table(stored(varint(8) + b"\xf0\xff", 1)), "ends inside a literal"),
    "less than promised": (table(stored(varint(8) + b"\0a", 1)), "holds 1 bytes and promises 8"),
    "keys out of order": (table(stored(UNSORTED)), "not in order"),
    "no entries": (table(stored(block([]))), "the table has no header"),
    "no header": (table(stored(block([(b"a", entry())]))), "where the header must be"),
    "no shards": (index({}, header=b"\x08\0"), "0 data shards"),
    "many shards": (index({}, header=number_field(1, HUGE)), "data shards"),
    "shard that is not there": (index({b"a": entry(shard=1)}), "data shard 1 of 1"),
    "unknown type": (index({b"a": entry(dtype=99)}), "unknown element type 99"),
    "negative size": (index({b"a": entry((-1,), size=0)}), "negative size -1"),
    "size beyond all bounds": (index({b"a": entry((1 << 40, 1 << 40), size=0)}), "out of all bounds"),
    "size of another shape": (index({b"a": entry((2,), size=4)}), "4 bytes for float32 of shape [2]"),
    "value beyond all bounds": (index({b"a": entry((2,), offset=HUGE)}), "at 9223372036854775808"),
    "unknown rank": (index({b"a": NO_RANK}), "unknown rank"),
    "message that is cut off": (index({b"a": b"\x12\x7f"}), "message is cut off"),
    "message of unknown wire type": (index({b"a": b"\x0f"}), "unknown wire type 7"),
    "text for a number": (index({b"a": bytes_field(1, b"x")}), "bytes where a number must be"),
    "text for the number of shards": (index({}, header=bytes_field(1, b"x")), "bytes where a number must be"),
    "number for a shape": (index({b"a": number_field(2, 4)}), "a number where bytes must be"),
    "number for a dimension": (index({b"a": ONE + bytes_field(2, number_field(2, 4))}), "a number where"),
    "text for a size": (index({b"a": ONE + bytes_field(2, bytes_field(2, bytes_field(1, b"x")))}), "bytes where"),
    "number for a slice": (index({b"a": number_field(7, 4)}), "a number where bytes must be"),
    "number for an extent": (index({b"a": bytes_field(7, number_field(1, 4))}), "a number where bytes"),
    "type that looks like float32": (index({b"a": entry(), b"b": entry(dtype=65537)}), "element type 65537"),
    "many dimensions": (index({b"a": entry((1,) * 300, size=4)}), "shape of 300 dimensions"),
    "the same block again": (table(stored(EMPTY), stored(EMPTY), handles=[HANDLE, HANDLE]), "lies before the end"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_nobody_writes_by_accident(name: str, tmp_path: Path) -> None:
    data, words = HOSTILE[name]
    (tmp_path / "c.index").write_bytes(data)
    with pytest.raises(UserError) as caught:
        read_checkpoint(str(tmp_path / "c"))
    error = caught.value
    assert error.path == f"{tmp_path}/c.index"
    assert error.message.startswith("checkpoint index is damaged at byte ")
    assert words in error.message
    assert error.hint is not None


def test_a_file_of_another_byte_order_is_refused_not_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "c.index").write_bytes(index({}, header=HEADER + b"\x10\1"))
    with pytest.raises(UserError, match="checkpoint index cannot be read: it was written on a big-endian"):
        read_checkpoint(str(tmp_path / "c"))


@pytest.mark.parametrize(
    ("bound", "value", "words"),
    [("_MAX_ENTRIES", 3, "more than 3 entries"), ("_MAX_NAMES", 100, "bytes of names")],
)
def test_more_names_than_any_network_has(
    bound: str, value: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compression makes long names cheap in a file, but not in memory."""
    assert len(read_index(GOOD["plain"]).entries) == 5
    monkeypatch.setattr(bundle, bound, value)
    with pytest.raises(DamageError, match=words):
        read_index(GOOD["plain"])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "checkpoint index is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 48000\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><html>Not found</html>" * 9, "no table footer at the end of its 333 bytes"),
    ],
)
def test_what_people_have_instead_of_an_index(data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "c.index").write_bytes(data)
    with pytest.raises(UserError, match=words):
        read_checkpoint(str(tmp_path / "c"))


@pytest.mark.parametrize(
    "lists",
    [
        number_field(1, 4),
        bytes_field(1, number_field(1, 4)),
        bytes_field(1, bytes_field(1, number_field(1, 4))),
    ],
)
def test_a_checkpoint_in_one_file_with_numbers_for_messages_is_told(lists: bytes, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(table(stored(block([(b"", lists)]))))
    assert "a number where bytes must be" in str(_tell(tmp_path / "other"))


def _tell(path: Path) -> str | None:
    """What is said of a checkpoint in one file; None if it is read."""
    try:
        read_checkpoint(str(path))
    except UserError as error:
        return error.message
    return None


def test_a_table_of_other_things_is_told(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(table(stored(block([(b"a", b"b")]))))
    assert "starts with b'a', not with a list of tensors" in str(_tell(tmp_path / "other"))


def test_an_index_that_cannot_be_one_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "c.index").open("wb") as file:
        file.truncate(1 << 30)  # takes no room
    with pytest.raises(UserError, match="1024 MiB are too many"):
        read_checkpoint(str(tmp_path / "c"))


def test_names_that_are_no_text_are_shown() -> None:
    (item,) = read_index(index({b"a\xff\xfe/b": entry()})).entries.values()
    assert item.name == "a\\xff\\xfe/b"


def test_blocks_and_compression_of_many_entries() -> None:
    rows = {f"model/layer_{number:04}/kernel".encode(): entry((number,)) for number in range(1, 1500)}
    content = [(b"", HEADER), *sorted(rows.items())]
    cuts = [content[start : start + 100] for start in range(0, len(content), 100)]
    data = table(*(stored(compress(block(cut)), 1) for cut in cuts))
    assert [item.shape for item in read_index(data).entries.values()] == [
        (number,) for number in range(1, 1500)
    ]
