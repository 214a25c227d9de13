"""Reading a bounded part of a data set: enough to see what is wrong with it, at the price of a blink.

A set that is small enough is read whole. Of a larger one come short runs of neighbouring records, spread evenly
over files and positions: records are often sorted by class or by source, and the first ones say little about
the rest. TFRecord files have no index, so a run begins at the first header found after its position.
"""

from __future__ import annotations

import contextlib
import itertools
import time

from cfgtool.data.reading import damaged, defect, nothing_in, size_of
from cfgtool.data.tfrecord import (
    FRAME_BYTES,
    HEADER_BYTES,
    Record,
    find_frame,
    open_records,
    read_record,
    walk,
)
from cfgtool.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from cfgtool.data.problems import Problem

SAMPLE_RECORDS = 200
"""A flaw that one record in fifty has is among 200 records 49 times in 50."""
SAMPLE_BYTES = 16 << 20
"""A sixth of a second from a disk or a network that gives 100 MB/s; also the most that one record may have."""
SAMPLE_FILES = 16
"""Opening a file costs milliseconds on a network drive."""
SAMPLE_SECONDS = 0.3
"""Slow storage and records of thousands of boxes must not hold up an editor; what was read by then is judged."""
SURE_RECORDS, SURE_BYTES = 64, 1 << 20
"""As many records of as many bytes are read however long it takes: a small set is judged alike on a busy machine."""
CHECKSUM_BYTES = 1 << 20
"""Checksums in plain Python take 13 ms for this much; damage beyond is found by reading everything."""
RUNS = 24
"""Places to read at, over all files: some eight records at each."""
WINDOW = 1 << 20
"""Where no header is found in this many bytes, the record there is larger, and the run is left out."""
PIECE = 64 << 10
"""Read at a time while a header is looked for."""
TAIL_RECORDS = 4
"""How many records of average size the end of a file is searched back for, to see whether it was cut off."""


class SampleReading:
    """A sample of the records of `paths`; `seconds` bounds the time."""

    def __init__(self, paths: Sequence[str], seconds: float = SAMPLE_SECONDS) -> None:
        self.paths = paths
        self.complete = False
        self._seconds = seconds
        self._deadline = 0.0
        self._bytes = 0
        self._checked = 0
        self._count = 0

    def __iter__(self) -> Iterator[Record | Problem]:
        self._deadline = time.monotonic() + self._seconds
        sizes = {path: size_of(path) for path in self.paths}
        empty = [path for path, size in sizes.items() if not size]
        yield from (nothing_in(path) for path in empty)
        filled = [path for path in self.paths if sizes[path]]
        if sum(sizes.values()) <= SAMPLE_BYTES and _few(filled):
            yield from self._whole(filled)
            return
        chosen = spread(filled, SAMPLE_FILES)
        for path in chosen:
            if self._late():
                return
            try:
                yield from self._file(path, sizes[path], 1 / len(chosen))
            except UserError as error:
                yield defect(error, path)

    def _late(self) -> bool:
        if self._bytes >= SAMPLE_BYTES:
            return True
        sure = self._count < SURE_RECORDS and self._bytes < SURE_BYTES
        return not sure and time.monotonic() > self._deadline

    def _whole(self, paths: Sequence[str]) -> Iterator[Record | Problem]:
        self.complete = True
        for path in paths:
            try:
                yield from self._each(path)
            except UserError as error:
                yield defect(error, path)

    def _each(self, path: str) -> Iterator[Record | Problem]:
        with open_records(path) as file:
            for index, offset, length in walk(file, path):
                if self._late():
                    self.complete = False
                    return
                yield self._judged(read_record(file, path, index, offset, length))

    def _file(self, path: str, size: int, share: float) -> Iterator[Record | Problem]:
        """This share of the sample from one file, in runs. Raises UserError where the file is broken."""
        runs = max(1, round(RUNS * share))
        records, before, at = 0, self._bytes, 0
        with open_records(path) as file:
            for run in range(1, runs + 1):
                # A run that was short, because it reached the next, leaves its rest to that one.
                most_records, most_bytes = (
                    most * share * run / runs for most in (SAMPLE_RECORDS, SAMPLE_BYTES)
                )
                if records >= most_records or self._bytes - before >= most_bytes:
                    continue
                # A run that follows on the one before it need not look for a header.
                start = max(at, size * (run - 1) // runs)
                begin = at if start == at else self._boundary(file, start, size)
                for index, offset, length in walk(file, path, begin):
                    enough = records >= most_records or self._bytes - before >= most_bytes
                    if enough or length > SAMPLE_BYTES:
                        break
                    if self._late():
                        return
                    records += 1
                    yield self._judged(read_record(file, path, index, offset, length))
                    at = offset + length + FRAME_BYTES
            self._check_end(file, path, size)

    def _boundary(self, file: BinaryIO, start: int, size: int) -> int:
        """The offset of the first frame at or after `start`; the end of the file if no header is near."""
        at = start
        while at < min(size, start + WINDOW):
            file.seek(at)
            window = file.read(PIECE)
            self._bytes += len(window)
            found = find_frame(window, size - at)
            if found is not None:
                return at + found
            at += PIECE - HEADER_BYTES + 1  # a header may lie across two pieces
        return size

    def _judged(self, record: Record) -> Record | Problem:
        """The record, or its damage as far as checksums are computed."""
        size = len(record.data)
        self._count += 1
        self._bytes += size
        if self._checked + size > CHECKSUM_BYTES:
            return record
        self._checked += size
        return record if record.intact() else damaged(record)

    def _check_end(self, file: BinaryIO, path: str, size: int) -> None:
        """Walk the headers of the last few records. Raises RecordError if the file was cut off."""
        back = TAIL_RECORDS * self._bytes // max(1, self._count)
        for _ in walk(file, path, self._boundary(file, max(0, size - min(back, WINDOW)), size)):
            pass


def spread(paths: Sequence[str], count: int) -> list[str]:
    """At most `count` of `paths`, evenly spaced, the first included."""
    if len(paths) <= count:
        return list(paths)
    return [paths[number * len(paths) // count] for number in range(count)]


def _few(paths: Sequence[str]) -> bool:
    """Whether all files together have no more records than a sample; where one is broken, as far as it goes."""
    count = 0
    for path in paths:
        count += _count(path, SAMPLE_RECORDS + 1 - count)
    return count <= SAMPLE_RECORDS


def _count(path: str, most: int) -> int:
    """The records of a file up to its first defect, counted up to `most`."""
    count = 0
    with contextlib.suppress(UserError), open_records(path) as file:
        for _ in itertools.islice(walk(file, path), most):
            count += 1
    return count
