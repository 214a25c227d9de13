"""Record files that promise more than they have, or have more than anyone should take."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from cfgtool.crc32c import masked_crc32c
from cfgtool.data import example as example_module
from cfgtool.data.example import decode_example, encode_example
from cfgtool.data.tfrecord import MAX_RECORD_BYTES, RecordError, read_records, record_offsets
from cfgtool.errors import UserError


def header(length: int) -> bytes:
    """The header of a record of that length, its checksum right."""
    packed = struct.pack("<Q", length)
    return packed + struct.pack("<I", masked_crc32c(packed))


@pytest.mark.parametrize("length", [1 << 20, 1 << 40, (1 << 64) - 1])
def test_length_beyond_the_file_claims_nothing(length: int, tmp_path: Path) -> None:
    path = tmp_path / "a.record"
    path.write_bytes(header(length) + b"some")
    with pytest.raises(RecordError, match="bytes too early"):
        list(read_records(str(path)))


def test_record_of_a_hole_in_the_file_is_not_read(tmp_path: Path) -> None:
    """A sparse file has terabytes at no cost."""
    path = tmp_path / "a.record"
    length = 1 << 40
    with path.open("wb") as file:
        file.write(header(length))
        file.truncate(12 + length + 4)
    for read in (read_records, record_offsets):
        with pytest.raises(RecordError, match="larger than any example"):
            list(read(str(path)))
    assert length > MAX_RECORD_BYTES


@pytest.mark.parametrize("values", [list(range(40)), [0.5] * 40, [b""] * 40])
def test_values_have_a_bound(values: list, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number takes one byte in the file and forty in memory."""
    monkeypatch.setattr(example_module, "MAX_VALUES", 60)
    assert decode_example(encode_example({"a": values}))["a"] == values
    for features in ({"a": values * 2}, {"a": values, "b": values}):
        with pytest.raises(UserError, match="more than 60 values"):
            decode_example(encode_example(features))


def test_messages_in_messages_are_not_followed(tmp_path: Path) -> None:
    """Fields nest three deep whatever the bytes say; nothing is entered by recursion."""
    nested = b""
    while len(nested) < 1 << 20:
        size = example_module._encode_varint(len(nested))
        nested = b"\x0a" + size + nested + b"\x0a\x00" * 100
    path = tmp_path / "a.bin"
    path.write_bytes(nested)
    code = (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))\n"
        "from cfgtool.data.example import decode_example; from cfgtool.errors import UserError\n"
        f"data = open({str(path)!r}, 'rb').read()\n"
        "try: print(len(decode_example(data)), 'keys')\nexcept UserError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.endswith((" keys\n", "not a serialised tf.Example\n"))
