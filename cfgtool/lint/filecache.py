"""What was read from files, kept for the next analysis of this process: an editor asks at every keystroke.

A value is kept as long as the files that it was read from have the same size and time of change. What could not
be read is kept too, with its reason.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from cfgtool.checkpoints import Checkpoint

T = TypeVar("T")

BOUND = 24
"""Values kept: label maps, checkpoints and record samples of the few configs that are open at a time."""

_kept: dict[tuple[Hashable, ...], tuple[Any, UserError | None]] = {}


def cached(kind: str, paths: Iterable[str], more: Hashable, read: Callable[[], T]) -> T:
    """What `read()` returns for these files, or returned before; `more` is what else the value depends on.

    Raises UserError if `read` does, or did. Nothing is kept for files that are not there.
    """
    stamps = tuple(stamp(path) for path in paths)
    if None in stamps:
        return read()
    key = (kind, stamps, more)
    found = _kept.pop(key, None)
    if found is None:
        found = _outcome(read)
    _kept[key] = found  # at the end: the first one is the one that was not asked for the longest
    while len(_kept) > BOUND:
        _kept.pop(next(iter(_kept)), None)  # two threads may find the same one
    value, error = found
    if error is not None:
        raise error.with_traceback(None)  # it would grow with every raise
    return value  # type: ignore[no-any-return]


def kept_checkpoint(path: str) -> Checkpoint:
    """The checkpoint at `path`, a prefix or any other spelling. Raises UserError if it cannot be read."""
    from cfgtool.checkpoints import open_checkpoint

    # The data file is looked into for the names of variables, where it is there. A spelling that is made out by
    # looking around has no index, and is not kept.
    data = stamp(f"{path}.data-00000-of-00001")
    return cached("checkpoint", [f"{path}.index"], (path, data), lambda: open_checkpoint(path))


def clear() -> None:
    """Forget everything."""
    _kept.clear()


def _outcome(read: Callable[[], T]) -> tuple[T | None, UserError | None]:
    try:
        return read(), None
    except UserError as error:
        return None, error


def stamp(path: str) -> tuple[str, int, int] | None:
    """What changes when a file does: its place, time of change in ns, and size; None for one that is not there."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return os.path.abspath(path), status.st_mtime_ns, status.st_size
