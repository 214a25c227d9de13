"""Linting many files in several processes; what comes out is the same as from one."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import TYPE_CHECKING

from cfgtool.cli.lint_files import Outcome, Work, treat
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 16
"""Files that a process takes at a time."""

_work: Work | None = None


def treat_in_processes(files: list[tuple[str, bool]], work: Work, jobs: int) -> Iterator[Outcome]:
    """The outcomes of all files, in their order; `jobs` of 0 means one process for each processor.

    Raises UserError if a process is killed.
    """
    count = min(jobs or os.cpu_count() or 1, -(-len(files) // CHUNK))
    _look_up(files, work)
    try:
        with ProcessPoolExecutor(count, initializer=_begin, initargs=(work,)) as pool:
            yield from pool.map(_treat, files, chunksize=CHUNK)
    except BrokenProcessPool:
        raise UserError("a process that linted was killed", hint="-j 1 does without") from None


def _look_up(files: list[tuple[str, bool]], work: Work) -> None:
    """Read all settings here: forked processes have them then, and reporters need the rules of their packs."""
    for path, _ in files:
        with suppress(UserError):  # told by the process that comes to the file
            work.settings(path)


def _begin(work: Work) -> None:
    """Keep in a new process what there is to do; an interrupt is for the process that waits for all."""
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _treat(file: tuple[str, bool]) -> Outcome:
    assert _work is not None
    return treat(*file, _work)
