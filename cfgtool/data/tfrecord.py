"""TFRecord files: length, masked CRC-32C of the length, data, masked CRC-32C of the data; little endian.

The layout is documented with TensorFlow's `tf.io.TFRecordWriter`. Every defect is reported with the number of
the record (from 0) and the byte offset at which it starts.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from cfgtool.crc32c import masked_crc32c
from cfgtool.errors import UserError
from cfgtool.files import refuse_device

_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")
HEADER_BYTES = _HEADER.size
FRAME_BYTES = _HEADER.size + _FOOTER.size
"""What framing adds to each record."""
MAX_RECORD_BYTES = 1 << 30
"""Larger records are not read: a message of protocol buffers ends at 2 GiB, and an example has some megabytes."""
_HIGH_BYTES = bytes(4)  # the upper half of a length below 4 GiB, with which every search for a header begins
_CANDIDATES = 1024  # data that is full of zeros, such as masks, would be searched for seconds


class RecordError(UserError):
    """A defect of a TFRecord file, with the `record` number (from 0; None if the records before it were not
    counted), its byte `offset` and the `reason`.
    """

    def __init__(
        self, message: str, *, path: str, record: int | None, offset: int, hint: str | None = None
    ) -> None:
        place = f"byte {offset}" if record is None else f"record {record}, byte {offset}"
        super().__init__(f"{message} ({place})", path=path, hint=hint)
        self.reason = message
        self.record = record
        self.offset = offset


class Record:
    """One record: its number (None if not counted), the byte offset of its frame in the file, and its data."""

    __slots__ = ("checksum", "data", "index", "offset", "path")

    def __init__(self, path: str, index: int | None, offset: int, data: bytes, checksum: int) -> None:
        self.path = path
        self.index = index
        self.offset = offset
        self.data = data
        self.checksum = checksum

    def intact(self) -> bool:
        """Whether the stored checksum is that of the data."""
        return masked_crc32c(self.data) == self.checksum

    def verified(self) -> bytes:
        """The data. Raises RecordError if the checksum does not fit."""
        if not self.intact():
            raise RecordError(
                "the data checksum does not fit: the record is damaged",
                path=self.path,
                record=self.index,
                offset=self.offset,
                hint="write the file again from its source",
            )
        return self.data


def frames(path: str) -> Iterator[Record]:
    """All records of `path` in order, data checksums not yet checked.

    Raises RecordError where the framing is broken, UserError if the file cannot be read.
    """
    with open_records(path) as file:
        for index, offset, length in walk(file, path):
            yield read_record(file, path, index, offset, length)


def read_record(file: BinaryIO, path: str, index: int | None, offset: int, length: int) -> Record:
    """The record whose header `walk` has just read from `file`."""
    data = file.read(length)
    (checksum,) = _FOOTER.unpack(file.read(_FOOTER.size))
    return Record(path, index, offset, data, checksum)


def read_records(path: str) -> Iterator[bytes]:
    """The data of all records of `path` in order. Raises RecordError for any defect, checksums included."""
    for record in frames(path):
        yield record.verified()


def record_offsets(path: str) -> list[tuple[int, int]]:
    """(byte offset of the data, length in bytes) of every record, reading the frame headers only.

    Raises RecordError where the framing is broken; the data is not looked at.
    """
    with open_records(path) as file:
        return [(offset + HEADER_BYTES, length) for _, offset, length in walk(file, path)]


def write_records(path: str, records: Iterable[bytes]) -> int:
    """Write a TFRecord file; a crash leaves the old file or the new one. Returns the number of records."""
    temporary = f"{path}.{os.getpid()}.tmp"
    count = 0
    try:
        with open(temporary, "wb") as file:
            for data in records:
                file.write(frame(data))
                count += 1
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror or error}", path=path) from None
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
    return count


def frame(data: bytes) -> bytes:
    """`data` as one framed record."""
    length = struct.pack("<Q", len(data))
    return b"".join((length, _FOOTER.pack(masked_crc32c(length)), data, _FOOTER.pack(masked_crc32c(data))))


def open_records(path: str) -> BinaryIO:
    """The file, open for reading. Raises UserError if it cannot be opened, or is none."""
    refuse_device(path)
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise UserError("no such file", path=path) from None
    except IsADirectoryError:
        raise UserError("is a directory, not a TFRecord file", path=path) from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", path=path) from None


def walk(file: BinaryIO, path: str, start: int = 0) -> Iterator[tuple[int | None, int, int]]:
    """(record number, offset of the frame, length of the data) of each record, from the frame at `start` on.

    When it yields, `file` stands at the data. Numbers are None unless the walk starts at the beginning. Raises
    RecordError where the framing is broken.
    """
    size = os.fstat(file.fileno()).st_size
    offset, count = start, 0
    while offset < size:
        file.seek(offset)
        index = None if start else count
        length = _length(file.read(HEADER_BYTES), path, index, offset)
        end = offset + FRAME_BYTES + length
        if end > size:
            raise RecordError(
                f"the file ends {end - size} bytes too early: it was cut off or is still being written",
                path=path,
                record=index,
                offset=offset,
            )
        if length > MAX_RECORD_BYTES:
            raise RecordError(
                f"a record of {length:,} bytes is larger than any example",
                path=path,
                record=index,
                offset=offset,
            )
        yield index, offset, length
        offset = end
        count += 1


def find_frame(window: bytes, room: int) -> int | None:
    """Where in `window` the first frame begins; None if it holds no header of a record.

    `room` is the number of bytes from the start of the window to the end of the file. A header is recognised by
    the checksum of its length, so that a false one is as rare as a collision of 32 bits.
    """
    at = window.find(_HIGH_BYTES, 4)
    for _ in range(_CANDIDATES):
        if at < 0 or at + 8 > len(window):
            return None
        length, checksum = _HEADER.unpack_from(window, at - 4)
        begin = at - 4
        if 0 < length <= room - begin and masked_crc32c(window[begin : begin + 8]) == checksum:
            return begin
        at = window.find(_HIGH_BYTES, at + 1)
    return None


def _length(header: bytes, path: str, index: int | None, offset: int) -> int:
    """The data length that a frame header says. Raises RecordError if it is cut off or damaged."""
    if len(header) == HEADER_BYTES:
        length, checksum = _HEADER.unpack(header)
        if masked_crc32c(header[:8]) == checksum:
            return int(length)
    if offset == 0:
        raise RecordError(
            "is not a TFRecord file: the first length and its checksum do not fit",
            path=path,
            record=index,
            offset=offset,
            hint=_what_it_is(header),
        )
    if len(header) < HEADER_BYTES:
        raise RecordError("the file ends inside a record header", path=path, record=index, offset=offset)
    raise RecordError("the length checksum does not fit", path=path, record=index, offset=offset)


_MAGIC = (
    (b"\x1f\x8b", "it is gzip-compressed, decompress it (gunzip)"),
    (b"version http", "it is a Git LFS pointer, fetch the file itself (git lfs pull)"),
    (b"PK\x03\x04", "it is a zip archive, unpack it"),
    (b"\x78\x9c", "it is zlib-compressed, decompress it"),
    (b"\xff\xd8\xff", "it is a JPEG image"),
    (b"\x89PNG", "it is a PNG image"),
    (b"<", "it is XML or HTML; was a web page saved in place of the file?"),
    (b"item", "it is a label map"),
)


def _what_it_is(header: bytes) -> str | None:
    """A hint for a file that is something else."""
    for magic, hint in _MAGIC:
        if header.startswith(magic):
            return hint
    if all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in header):
        return "it is a text file"
    return None
