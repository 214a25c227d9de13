"""TFRecord framing: what is written is read back, and every defect is reported at its place."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from cfgtool.crc32c import crc32c, masked_crc32c
from cfgtool.data.tfrecord import (
    FRAME_BYTES,
    RecordError,
    frame,
    frames,
    read_records,
    record_offsets,
    write_records,
)
from cfgtool.errors import UserError

RECORDS = [b"first", b"", b"third record"]


@pytest.fixture
def record_file(tmp_path: Path) -> Path:
    path = tmp_path / "some.record"
    assert write_records(str(path), RECORDS) == 3
    return path


# The vectors of RFC 3720, B.4, and the usual check value.
@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_crc32c_known_values(data: bytes, crc: int) -> None:
    assert crc32c(data) == crc


@pytest.mark.parametrize("length", [4095, 4096, 4097, 4099, 10_001])
def test_crc32c_of_long_data_continues_the_short_algorithm(length: int) -> None:
    """Long data takes another path; the CRC of data with a suffix is the same computed byte by byte."""
    data = bytes((7 * number) % 251 for number in range(length))
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    assert crc32c(data) == register ^ 0xFFFFFFFF


def test_round_trip(record_file: Path) -> None:
    assert list(read_records(str(record_file))) == RECORDS


def test_frames_know_their_place(record_file: Path) -> None:
    places = [(record.index, record.offset, record.intact()) for record in frames(str(record_file))]
    assert places == [(0, 0, True), (1, 21, True), (2, 37, True)]


def test_offsets_point_at_the_data(record_file: Path) -> None:
    data = record_file.read_bytes()
    offsets = record_offsets(str(record_file))
    assert [data[offset : offset + length] for offset, length in offsets] == RECORDS


def test_framing_is_little_endian_with_masked_checksums() -> None:
    data = frame(b"x")
    assert data[:8] == b"\1" + bytes(7)
    assert int.from_bytes(data[8:12], "little") == masked_crc32c(data[:8])
    assert len(data) == FRAME_BYTES + 1


def test_empty_file_has_no_records(tmp_path: Path) -> None:
    (tmp_path / "empty.record").touch()
    assert list(read_records(str(tmp_path / "empty.record"))) == []


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("name", "damage", "record", "offset", "message"),
    [
        ("data", lambda data: _flip(data, 12), 0, 0, "data checksum"),
        ("last data checksum", lambda data: _flip(data, len(data) - 1), 2, 37, "data checksum"),
        ("second length", lambda data: _flip(data, 21), 1, 21, "length checksum"),
        ("cut in the data", lambda data: data[:-3], 2, 37, "ends 3 bytes too early"),
        ("cut in a header", lambda data: data[:40], 2, 37, "ends inside a record header"),
        ("huge length", lambda data: (2**62).to_bytes(8, "little") + data[8:], 0, 0, "not a TFRecord"),
    ],
)
def test_defects_have_a_place(
    record_file: Path, name: str, damage: object, record: int, offset: int, message: str
) -> None:
    assert callable(damage)
    record_file.write_bytes(damage(record_file.read_bytes()))
    with pytest.raises(RecordError, match=message) as caught:
        list(read_records(str(record_file)))
    assert (caught.value.record, caught.value.offset) == (record, offset)
    assert caught.value.path == str(record_file)


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (gzip.compress(frame(b"abc"), mtime=0), "gzip"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"filename,width,height,class\n", "text file"),
        (b"PK\3\4" + bytes(30), "zip"),
        (b"item {\n  id: 1\n}\n", "label map"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
    ],
)
def test_other_files_are_named(tmp_path: Path, content: bytes, hint: str) -> None:
    path = tmp_path / "wrong.record"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=hint):
        list(read_records(str(path)))


def test_length_beyond_the_file_is_not_allocated(tmp_path: Path) -> None:
    """A header with a valid checksum but an absurd length is refused before anything is read."""
    length = (2**50).to_bytes(8, "little")
    path = tmp_path / "hostile.record"
    path.write_bytes(length + masked_crc32c(length).to_bytes(4, "little") + b"data")
    with pytest.raises(RecordError, match="too early"):
        list(read_records(str(path)))


@pytest.mark.parametrize("read", [read_records, record_offsets])
def test_missing_file_and_folder(tmp_path: Path, read: object) -> None:
    assert callable(read)
    with pytest.raises(UserError, match="no such file"):
        list(read(str(tmp_path / "none.record")))
    with pytest.raises(UserError, match="directory"):
        list(read(str(tmp_path)))


def test_failed_write_leaves_the_old_file(record_file: Path) -> None:
    def broken() -> object:
        yield b"new"
        raise RuntimeError

    before = record_file.read_bytes()
    with pytest.raises(RuntimeError):
        write_records(str(record_file), broken())  # type: ignore[arg-type]
    assert record_file.read_bytes() == before
    assert list(record_file.parent.iterdir()) == [record_file]


@pytest.mark.reference
def test_real_file(shared: Path) -> None:
    assert len(list(read_records(str(shared / "corpus/records/pets_examples.record")))) == 10
