"""How far the reading of large files is, on standard error while it is a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Display

    from cfgtool.data.reading import Progress


def record_progress() -> Progress | None:
    """What tells the user how many bytes of records are read; None where nobody would see it."""
    return byte_progress("reading records")


def byte_progress(what: str) -> Progress | None:
    """What tells the user how many bytes are done of `what`; None where nobody would see it."""
    return _Bar(what) if sys.stderr.isatty() else None


def count_progress(what: str) -> Progress | None:
    """What tells the user how many of a number of things are done; None where nobody would see it."""
    return _Bar(what, counted=True) if sys.stderr.isatty() else None


class _Bar:
    """A display that appears with the first call and goes with the last byte, or the last of what is counted."""

    def __init__(self, what: str, *, counted: bool = False) -> None:
        self._what = what
        self._counted = counted
        self._display: Display | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._display is None:
            self._display = _started(self._what, total, self._counted)
        self._display.update(self._display.task_ids[0], completed=done, total=total)
        if done >= total:
            self._display.stop()
            self._display = None


def _started(what: str, total: int, counted: bool) -> Display:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    amount = MofNCompleteColumn() if counted else DownloadColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn())
    display = Progress(*columns, console=Console(stderr=True), transient=True)
    display.add_task(what, total=total)
    display.start()
    return display
