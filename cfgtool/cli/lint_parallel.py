"""Linting many files in several processes; what comes out is the same as from one."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
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
    try:
        with ProcessPoolExecutor(count, initializer=_begin, initargs=(work,)) as pool:
            yield from pool.map(_treat, files, chunksize=CHUNK)
    except BrokenProcessPool:
        raise UserError("a process that linted was killed", hint="-j 1 does without") from None


def _begin(work: Work) -> None:
    """Keep in a new process what there is to do."""
    global _work
    _work = work


def _treat(file: tuple[str, bool]) -> Outcome:
    assert _work is not None
    return treat(*file, _work)
