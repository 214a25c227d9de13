"""How a new config names files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.creating.found import Found
    from cfgtool.creating.options import Options


class Names:
    """How the config names files: relative to its own folder, or by whole paths where that folder shares nothing with
    them.
    """

    def __init__(self, options: Options, found: Found) -> None:
        from cfgtool.checkpoints import open_checkpoint

        self.checkpoint = None if options.checkpoint is None else open_checkpoint(options.checkpoint)
        places = found.places
        paths = [*places.train, *places.val, places.label_map]
        if self.checkpoint is not None:
            paths.append(self.checkpoint.path)
        folder = "" if options.output == "-" else os.path.dirname(options.output)
        self._folder = os.path.abspath(folder or ".")
        roots = {os.path.abspath(path).split(os.sep)[1] for path in [*paths, os.path.join(self._folder, "_")]}
        self._relative = len(roots) == 1 and all("://" not in path for path in paths)

    def named(self, path: str) -> str:
        """`path` as the config has it."""
        if "://" in path:
            return path
        if not self._relative:
            return os.path.abspath(path)
        name = os.path.relpath(path, self._folder)
        folder = os.path.dirname(path) or "."
        if os.path.realpath(os.path.join(self._folder, os.path.dirname(name))) != os.path.realpath(folder):
            # A symbolic link on the way: `..` leads out of where it points to.
            real = os.path.join(os.path.realpath(folder), os.path.basename(path))
            name = os.path.relpath(real, os.path.realpath(self._folder))
        return name.replace(os.sep, "/")
