"""Reading record files: records as they come, with the defects of the files between them.

A reading yields intact records and `Problem`s; what is judged of a record is decided elsewhere. This one reads
everything; `sampling.SampleReading` a bounded part.
"""

from __future__ import annotations

import os

from cfgtool.data.problems import Problem
from cfgtool.data.tfrecord import FRAME_BYTES, Record, RecordError, frames
from cfgtool.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Protocol

    Progress = Callable[[int, int], None]
    """Told the bytes done so far and the bytes there are."""

    class Reading(Protocol):
        """`complete` is valid after the iteration: whether every record was yielded or is a problem."""

        paths: Sequence[str]
        complete: bool

        def __iter__(self) -> Iterator[Record | Problem]:
            """Every record that is read, and every defect of a file."""


class WholeReading:
    """Every record of `paths`, checksums included; with `limit` the first ones of each file."""

    def __init__(
        self, paths: Sequence[str], limit: int | None = None, progress: Progress | None = None
    ) -> None:
        self.paths = paths
        self.complete = limit is None
        self._limit = limit
        self._progress = progress

    def __iter__(self) -> Iterator[Record | Problem]:
        sizes = [size_of(path) for path in self.paths]
        total, done = sum(sizes), 0
        try:
            for path, size in zip(self.paths, sizes, strict=True):
                for item in self._file(path):
                    yield item
                    if self._progress is not None and isinstance(item, Record):
                        self._progress(done + item.offset + len(item.data) + FRAME_BYTES, total)
                done += size
        finally:
            # A file may end in a defect, and the reading be interrupted: the display has to end in any case.
            if self._progress is not None and total:
                self._progress(total, total)

    def _file(self, path: str) -> Iterator[Record | Problem]:
        # A damaged record leaves the framing intact, so the next one can be read; broken framing ends the file.
        empty = True
        try:
            for record in frames(path):
                empty = False
                if self._limit is not None and record.index is not None and record.index >= self._limit:
                    return
                yield record if record.intact() else damaged(record)
        except UserError as error:
            empty = False
            yield defect(error, path)
        if empty:
            yield nothing_in(path)


def size_of(path: str) -> int:
    """The bytes of a file, 0 if there is none. Raises UserError if a path has a scheme, and its place cannot be asked."""
    if "://" in path:
        from cfgtool import remote

        return remote.size(path) or 0
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def damaged(record: Record) -> Problem:
    """What to say of a record whose checksum does not fit."""
    message = "the data checksum does not fit: the record is damaged"
    return Problem(
        "record-checksum", "error", message, record.path, record=record.index, offset=record.offset
    )


def defect(error: UserError, path: str) -> Problem:
    """What stopped the reading of a file."""
    if isinstance(error, RecordError):
        message = _with_hint(error.reason, error)
        return Problem("record-framing", "error", message, path, record=error.record, offset=error.offset)
    return Problem("record-unreadable", "error", _with_hint(error.message, error), path)


def nothing_in(path: str) -> Problem:
    """What to say of a file without a byte."""
    return Problem("record-file-empty", "error", "has no records", path)


def _with_hint(message: str, error: UserError) -> str:
    return f"{message}; {error.hint}" if error.hint else message
