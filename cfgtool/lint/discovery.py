"""Which files are linted: files as given, of folders and globs the configs below, in a stable order."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cfgtool.lint.configuration import Lookup
    from cfgtool.lint.ignoring import GitIgnores, Patterns
    from cfgtool.textproto import Document

STDIN = "-"
SKIPPED = frozenset({"node_modules", "__pycache__"})
GLOB = "*?["


class Discovery:
    """Expands what the user names.

    `exclude` of the settings holds for what is found in folders and by globs, with `force` for files as given too;
    `gitignore` leaves out what git leaves out.
    """

    def __init__(self, lookup: Lookup, gitignore: bool = True, force: bool = False) -> None:
        self._lookup = lookup
        self._gitignore = gitignore
        self._force = force
        self._patterns: dict[str | None, list[Patterns]] = {}

    def expand(self, path: str) -> list[tuple[str, bool]]:
        """(file, whether it was found and not named) of all files that `path` means.

        Raises UserError for a folder or glob that leads to no file, or that cannot be looked into.
        """
        if path == STDIN:
            return [(path, False)]
        if "://" in path:
            return self._elsewhere(path)
        if os.path.isdir(path):
            return self._in_folder(path)
        if any(character in path for character in GLOB) and not os.path.lexists(path):
            return self._by_glob(path)
        return [] if self._force and self._left_out(path, None) else [(path, False)]

    def _in_folder(self, folder: str) -> list[tuple[str, bool]]:
        ignores = self._ignores(folder)
        found = [(path, True) for path in self._walk(folder, ignores)]
        if not found:
            raise UserError(
                "holds no *.config or *label_map*.pbtxt file that is not left out by git or the settings",
                path=folder,
                hint="name the file if it is called otherwise",
            )
        return found

    def _walk(self, folder: str, ignores: GitIgnores | None) -> Iterator[str]:
        """The configs and label maps below `folder`, without hidden folders and what is left out."""

        def refuse(error: OSError) -> None:
            raise UserError(f"cannot be looked into: {error.strerror}", path=error.filename or folder)

        for parent, folders, files in os.walk(folder, onerror=refuse):
            folders[:] = sorted(
                name
                for name in folders
                if not name.startswith(".")
                and name not in SKIPPED
                and not self._left_out(os.path.join(parent, name), ignores, is_folder=True)
            )
            for name in sorted(filter(_is_ours, files)):
                path = os.path.join(parent, name)
                if not self._left_out(path, ignores):
                    yield os.path.normpath(path)

    def _by_glob(self, pattern: str) -> list[tuple[str, bool]]:
        from glob import glob

        matches = sorted(path for path in glob(pattern, recursive=True) if os.path.isfile(path))
        if not matches:
            raise UserError("matches no file", path=pattern)
        root = pattern
        while any(character in root for character in GLOB):
            root = os.path.dirname(root)
        ignores = self._ignores(root or os.curdir)
        return [(os.path.normpath(path), True) for path in matches if not self._hidden(path, root, ignores)]

    def _elsewhere(self, path: str) -> list[tuple[str, bool]]:
        from cfgtool import remote

        if not remote.has_wildcards(path):
            return [] if self._force and self._left_out(path, None) else [(path, False)]
        found = [(each, True) for each in remote.matching(path) if not self._left_out(each, None)]
        if not found:
            raise UserError("matches no file", path=path)
        return found

    def _hidden(self, path: str, root: str, ignores: GitIgnores | None) -> bool:
        """True if `path`, or a folder between `root` and it, is left out."""
        if self._left_out(path, ignores):
            return True
        folder = os.path.dirname(path)
        while ignores is not None and folder not in (root, os.path.dirname(folder)):
            if ignores.leaves_out(folder, is_folder=True):
                return True
            folder = os.path.dirname(folder)
        return False

    def _ignores(self, folder: str) -> GitIgnores | None:
        if not self._gitignore:
            return None
        from cfgtool.lint.ignoring import GitIgnores

        return GitIgnores(folder)

    def _left_out(self, path: str, ignores: GitIgnores | None, is_folder: bool = False) -> bool:
        if ignores is not None and ignores.leaves_out(path, is_folder):
            return True
        return any(patterns.match(path, is_folder) for patterns in self._excludes(path))

    def _excludes(self, path: str) -> list[Patterns]:
        """The patterns of `exclude` that hold for `path`: its configuration's, and the command line's."""
        found = self._lookup.configuration(path)
        key = found.file if found is not None else None
        if key not in self._patterns:
            self._patterns[key] = []
            sources = [(found.folder, found.values.get("exclude"), found.file)] if found is not None else []
            sources.append((os.getcwd(), self._lookup.overrides.get("exclude"), "--exclude"))
            for folder, lines, file in sources:
                if lines:
                    from cfgtool.lint.ignoring import Patterns

                    self._patterns[key].append(Patterns(folder, lines, file))
        return self._patterns[key]


def expand_all(discovery: Discovery, paths: Iterable[str], errors: list[UserError]) -> list[tuple[str, bool]]:
    """All files once, in the order of the paths; what leads nowhere is put into `errors`."""
    found: dict[str, bool] = {}
    for path in paths:
        try:
            for file, discovered in discovery.expand(path):
                found[file] = found.get(file, True) and discovered
        except UserError as error:
            errors.append(error)
    return list(found.items())


def _is_ours(name: str) -> bool:
    """True for the name of a file that a folder is searched for."""
    if name.startswith("."):
        return False
    return name.endswith(".config") or (name.endswith(".pbtxt") and "label_map" in name)


def is_foreign(document: Document, path: str) -> bool:
    """True for a file that is plainly of another program: no field in it belongs to a config or a label map.

    An empty file, and one that is called a pipeline, is none: there it is a flaw.
    """
    from cfgtool.lint.engine import LABEL_MAP, PIPELINE
    from cfgtool.schema import load

    if "pipeline" in os.path.basename(path).lower() or not document.text.strip(" \t\r\n\ufeff"):
        return False
    messages = load().messages
    known = {*messages[PIPELINE].fields, *messages[LABEL_MAP].fields}
    return not any(field.name in known for field in document.root.fields)
