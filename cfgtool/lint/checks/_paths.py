"""What several rules about files share: when a missing file is worth a finding, and what lies near it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfgtool.lint.context import is_placeholder

if TYPE_CHECKING:
    from cfgtool.lint.context import Context


def is_local(path: str) -> bool:
    """True for a path that may name a file here: no URL, no placeholder, no drive letter on POSIX."""
    if is_placeholder(path) or "://" in path or min(path) < " ":
        return False
    return os.name == "nt" or path[1:2] != ":"


def worth_reporting(context: Context, path: str) -> bool:
    """True if a missing `path` is a flaw, not a sign that the config is for another machine.

    An absolute path whose first folder does not exist belongs to another machine. Text without a file of
    its own is judged only where the folder of the path exists: nobody knows yet where it will be used.
    """
    path = context.remapped(path)
    if "://" in path:
        return context.looks_at(path)
    if not is_local(path):
        return False
    if os.path.isabs(path):
        top = path.lstrip(os.sep).partition(os.sep)[0]
        return os.path.isdir(os.sep + top)
    return context.path is not None or _folder_exists(context, path)


def _folder_exists(context: Context, path: str) -> bool:
    folder = os.path.dirname(path)
    return bool(folder) and context.locate(folder) is not None


def near(context: Context, path: str) -> tuple[str, str | None]:
    """The end of a message about the missing file `path`, and the path that was meant if there is one."""
    from cfgtool.schema.nearest import nearest

    if "://" in context.remapped(path):
        return "", None
    folder, name = os.path.split(path)
    for start in context.folders():
        names = _names(os.path.join(start, context.remapped(folder)))
        found = nearest(name, names)
        if found is not None:
            meant = os.path.join(folder, found)
            return f"; did you mean '{meant}'", meant
        if name in _names(start):
            return f"; did you mean '{name}'", name
    here = os.getcwd()
    where = "" if os.path.isabs(path) else f" in '{here}'"
    if folder and context.locate(folder) is None:
        return f"; there is no folder '{folder}'{where}", None
    return f"; looked{where or f' in {folder!r}'}", None


def _names(folder: str) -> list[str]:
    if "://" in folder:
        from cfgtool import remote

        return remote.names_in(folder)[:2000]
    try:
        return sorted(os.listdir(folder or "."))[:2000]
    except OSError:
        return []
