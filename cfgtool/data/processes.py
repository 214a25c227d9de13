"""Tasks done by several processes, results in the order of the tasks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

    from cfgtool.data.reading import Progress

    Advance = Callable[[int], None]
    """Told how much more of a task is done; raises where it has to stop."""

Task = TypeVar("Task")
Result = TypeVar("Result")

_POLL = 0.1
"""Seconds between two looks at how far the processes are."""


class StoppedError(Exception):
    """Raised inside a task by `advance`: whoever waits for the result is gone, or wants it no more."""


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def results(
    work: Callable[[Task, Advance], Result],
    tasks: Sequence[Task],
    workers: int = 0,
    total: int = 0,
    progress: Progress | None = None,
) -> Iterator[Result]:
    """What `work` gives for each task, in their order. `workers` of 0: a process for each core.

    `progress` is told the sum of what the tasks told `advance`, and `total`. Raises UserError if a process is killed,
    and what `work` raises.
    """
    count = min(workers or cores(), len(tasks))
    if count <= 1:
        yield from _here(work, tasks, total, progress)
    else:
        yield from _Team(work, tasks, count).results(total, progress)


def _here(
    work: Callable[[Task, Advance], Result], tasks: Sequence[Task], total: int, progress: Progress | None
) -> Iterator[Result]:
    done = 0

    def advance(amount: int) -> None:
        nonlocal done
        done += amount
        if progress is not None and total:
            progress(min(done, total - 1), total)

    try:
        for task in tasks:
            yield work(task, advance)
    finally:
        if progress is not None and total:
            progress(total, total)


class _Team:
    """Processes that take task after task by a shared counter; none waits for a message, so none outlives us."""

    def __init__(self, work: Any, tasks: Sequence[Any], count: int) -> None:
        import multiprocessing

        self._count = len(tasks)
        self._next = multiprocessing.Value("q", 0)
        self._done = multiprocessing.Value("q", 0)
        self._stop = multiprocessing.Value("b", 0, lock=False)
        self._processes = []
        self._readers: dict[Connection, Any] = {}
        shared = work, tasks, self._next, self._done, self._stop
        for _ in range(count):
            reader, writer = multiprocessing.Pipe(duplex=False)
            process = multiprocessing.Process(target=_serve, args=(*shared, writer, os.getpid()), daemon=True)
            process.start()
            writer.close()
            self._processes.append(process)
            self._readers[reader] = process

    def results(self, total: int, progress: Progress | None) -> Iterator[Any]:
        from multiprocessing.connection import wait

        early: dict[int, Any] = {}
        wanted = 0
        try:
            while wanted < self._count:
                for reader in wait(list(self._readers), _POLL):
                    self._receive(reader, early)  # type: ignore[arg-type]
                if progress is not None and total:
                    progress(min(self._done.value, total - 1), total)
                while wanted in early:
                    yield early.pop(wanted)
                    wanted += 1
                if wanted < self._count and not self._readers and wanted not in early:
                    raise _killed()
        finally:
            self._stop.value = 1
            for process in self._processes:
                process.join()
            if progress is not None and total:
                progress(total, total)

    def _receive(self, reader: Connection, early: dict[int, Any]) -> None:
        try:
            number, result = reader.recv()
        except EOFError:
            process = self._readers.pop(reader)
            process.join()
            if process.exitcode:
                raise _killed() from None
            return
        if isinstance(result, BaseException):
            raise result
        early[number] = result


def _killed() -> UserError:
    return UserError("a process was killed", hint="one worker alone needs less memory")


def _serve(
    work: Any, tasks: Sequence[Any], next_: Any, done: Any, stop: Any, writer: Connection, parent: int
) -> None:
    """The life of a process. An interrupt is for the one that waits for all."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def advance(amount: int) -> None:
        if stop.value or os.getppid() != parent:
            raise StoppedError
        with done.get_lock():
            done.value += amount

    while True:
        with next_.get_lock():
            number = next_.value
            next_.value += 1
        if number >= len(tasks):
            return
        try:
            advance(0)
            writer.send((number, work(tasks[number], advance)))
        except (StoppedError, BrokenPipeError):
            return
        except Exception as error:
            writer.send((number, error))
            return
