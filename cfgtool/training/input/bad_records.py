"""Records that cannot be read, found one by one, and files without them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cfgtool.data.tfrecord import (
    FRAME_BYTES,
    Record,
    RecordError,
    find_frame,
    open_records,
    read_record,
    walk,
    write_records,
)
from cfgtool.errors import UserError
from cfgtool.files import atomic_write

LIST_FILE = "bad_records.json"
_WINDOW = 1 << 20


class BadRecord(NamedTuple):
    """`record` counts from 0 what was found in the file before, `offset` is the byte where it begins."""

    record: int
    offset: int
    reason: str


Judge = Callable[[bytes], str | None]
"""What is wrong with the data of an intact record; None for nothing."""


class CleanFiles:
    """A folder with, for each list of files, one folder of links to the whole ones and copies of the others.

    A copy holds what can be read. `bad_records.json` beside them says what was left out; files that have not changed
    since are not read again, so that a run that goes on sees the same records.
    """

    def __init__(self, folder: Path, judge: Judge) -> None:
        self._folder = folder
        self._judge = judge
        self._known = _read(folder / LIST_FILE)
        self._found: dict[str, Any] = {}

    @property
    def bad(self) -> dict[str, list[BadRecord]]:
        """What was left out, by file; files without any are not there."""
        return {
            path: [BadRecord(**row) for row in known["bad"]]
            for path, known in self._found.items()
            if known["bad"]
        }

    @property
    def records(self) -> int:
        """How many records are left."""
        return sum(known["good"] for known in self._found.values())

    def clean(self, name: str, paths: Sequence[str]) -> str:
        """Make the folder `name` for the files `paths`; returns a pattern that matches its files, in their order.

        Raises UserError for a file that cannot be opened or is no TFRecord file, and where nothing is left.
        """
        target = self._folder / name
        shutil.rmtree(target, ignore_errors=True)
        try:
            target.mkdir(parents=True)
            for number, path in enumerate(paths):
                known = self._look(path)
                place = target / f"{number:05d}-{os.path.basename(path)}"
                if not known["bad"]:
                    place.symlink_to(os.path.abspath(path))
                elif known["good"]:
                    lost = {row["offset"] for row in known["bad"]}
                    write_records(str(place), (item.data for item in _items(path) if _is_good(item, lost)))
        except OSError as error:
            raise UserError(f"cannot be written: {error.strerror or error}", path=str(target)) from None
        if not any(target.iterdir()):
            raise UserError("no record of it can be read", path=paths[0])
        return str(target / "*")

    def note(self) -> None:
        """Write down what was found."""
        text = json.dumps({"files": self._found}, indent=1) + "\n"
        atomic_write(str(self._folder / LIST_FILE), text.encode())

    def _look(self, path: str) -> dict[str, Any]:
        """Size and time of a file, its number of good records and the bad ones."""
        if path not in self._found:
            stamp = _stamp(path)
            known = self._known.get(path)
            if known is None or known["stamp"] != stamp:
                known = {"stamp": stamp, **self._scan(path)}
            self._found[path] = known
        found: dict[str, Any] = self._found[path]
        return found

    def _scan(self, path: str) -> dict[str, Any]:
        good = 0
        bad: list[dict[str, Any]] = []
        for item in _items(path):
            if isinstance(item, Record):
                reason = self._wrong(item)
                if reason is None:
                    good += 1
                    continue
                item = BadRecord(good + len(bad), item.offset, reason)
            bad.append(item._replace(record=good + len(bad))._asdict())
        return {"good": good, "bad": bad}

    def _wrong(self, record: Record) -> str | None:
        try:
            return self._judge(record.verified())
        except RecordError as error:
            return error.reason


def _is_good(item: Record | BadRecord, lost: set[int]) -> bool:
    return isinstance(item, Record) and item.offset not in lost


def _items(path: str) -> Iterator[Any]:
    """The records of a file, and a `BadRecord` for each stretch of bytes that is none.

    Raises UserError if it cannot be opened or has no record at all.
    """
    start, seen = 0, False
    with open_records(path) as file:
        size = os.fstat(file.fileno()).st_size
        while start < size:
            try:
                for _, offset, length in walk(file, path, start):
                    seen = True
                    yield read_record(file, path, None, offset, length)
                    start = offset + FRAME_BYTES + length
                return
            except RecordError as error:
                end = _next_frame(file, error.offset + 1, size)
                if end is None and not seen:
                    raise
                lost = (end or size) - error.offset
                yield BadRecord(0, error.offset, f"{error.reason}; {lost:,} bytes are left out")
                if end is None:
                    return
                start = end


def _next_frame(file: Any, start: int, size: int) -> int | None:
    """Where the first record at or after `start` begins."""
    while start < size:
        file.seek(start)
        window = file.read(_WINDOW)
        found = find_frame(window, size - start)
        if found is not None:
            return int(start + found)
        start += max(len(window) - FRAME_BYTES, 1)
    return None


def _stamp(path: str) -> list[int]:
    try:
        about = os.stat(path)
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", path=path) from None
    return [about.st_size, about.st_mtime_ns]


def _read(path: Path) -> dict[str, Any]:
    """What an earlier run wrote down; nothing where that cannot be read."""
    try:
        files = json.loads(path.read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return files if isinstance(files, dict) else {}
