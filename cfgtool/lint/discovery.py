"""Which files are linted: files as given, of folders every `*.config` below, in a stable order."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

STDIN = "-"
SKIPPED = frozenset({"node_modules", "__pycache__"})


def expand(path: str) -> list[str]:
    """The files that `path` means: itself, or the configs below it if it is a folder.

    Raises UserError for a folder that holds no config, or cannot be looked into.
    """
    if path == STDIN or not os.path.isdir(path):
        return [path]
    found = list(_configs(path))
    if not found:
        raise UserError("holds no *.config file", path=path, hint="name the file if it is called otherwise")
    return found


def _configs(folder: str) -> Iterator[str]:
    """The `*.config` files below `folder`, hidden folders left out."""

    def refuse(error: OSError) -> None:
        raise UserError(f"cannot be looked into: {error.strerror}", path=error.filename or folder)

    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in SKIPPED)
        for name in sorted(files):
            if name.endswith(".config") and not name.startswith("."):
                yield os.path.normpath(os.path.join(parent, name))
