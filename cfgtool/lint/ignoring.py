"""Patterns as `.gitignore` files have them: what they match, and which of them hold where."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.files import decode_text, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable


class Patterns:
    """Patterns relative to a folder; later ones count more, and `!` takes back."""

    __slots__ = ("_spec", "folder")

    def __init__(self, folder: str, lines: Iterable[str], file: str | None = None) -> None:
        # Imported where there are patterns: that takes as long as linting a few files.
        from pathspec import GitIgnoreSpec

        self.folder = os.path.abspath(folder)
        try:
            self._spec = GitIgnoreSpec.from_lines(lines)
        except ValueError as error:
            raise UserError(f"holds a pattern that cannot be read: {error}", path=file or folder) from None

    def match(self, path: str, is_folder: bool = False) -> bool | None:
        """True if the patterns leave `path` out, False if they take it back in, None if they do not speak of it."""
        relative = os.path.relpath(os.path.abspath(path), self.folder)
        if relative.startswith(os.pardir) or relative == os.curdir:
            return None
        return self._spec.check_file(relative.replace(os.sep, "/") + "/" * is_folder).include


class GitIgnores:
    """What git leaves out: `.gitignore` files, the nearest first, and `.git/info/exclude`.

    `floor` is the folder that the search starts from. If git leaves that folder out itself, only what lies below it
    counts: who names a folder wants to look into it.
    """

    def __init__(self, floor: str) -> None:
        self._floor: str | None = None
        self._chains: dict[str, list[Patterns] | None] = {}
        floor = os.path.abspath(floor)
        if self.leaves_out(floor, is_folder=True) or self._below_ignored(floor):
            self._floor = floor
            self._chains.clear()

    def leaves_out(self, path: str, is_folder: bool = False) -> bool:
        """True if the patterns leave out `path`, given that they do not leave out a folder around it."""
        for patterns in self._chain(os.path.dirname(os.path.abspath(path))) or ():
            verdict = patterns.match(path, is_folder)
            if verdict is not None:
                return verdict
        return False

    def _below_ignored(self, folder: str) -> bool:
        above = os.path.dirname(folder)
        while above != folder and not os.path.exists(os.path.join(folder, ".git")):
            if self.leaves_out(above, is_folder=True):
                return True
            folder, above = above, os.path.dirname(above)
        return False

    def _chain(self, folder: str) -> list[Patterns] | None:
        """The patterns that hold in `folder`, the nearest first; None outside of a repository."""
        if folder not in self._chains:
            self._chains[folder] = self._made_chain(folder)
        return self._chains[folder]

    def _made_chain(self, folder: str) -> list[Patterns] | None:
        own = _patterns_in(os.path.join(folder, ".gitignore"), folder)
        git = os.path.join(folder, ".git")
        if os.path.exists(git):
            return own + _patterns_in(_exclude_file(git), folder)
        if folder == self._floor:
            return own
        above = os.path.dirname(folder)
        beyond = self._chain(above) if above != folder else None
        return None if beyond is None else own + beyond


def _patterns_in(file: str, folder: str) -> list[Patterns]:
    if not os.path.isfile(file):
        return []
    return [Patterns(folder, decode_text(read_bytes(file)).splitlines(), file)]


def _exclude_file(git: str) -> str:
    """`info/exclude` of a repository; in a linked worktree `.git` is a file that says where the repository is."""
    if os.path.isfile(git):
        with open(git, encoding="utf-8", errors="surrogateescape") as file:
            where = file.readline().partition("gitdir:")[2].strip()
        git = os.path.join(os.path.dirname(git), where)
        common = os.path.join(git, "commondir")
        if os.path.isfile(common):
            with open(common, encoding="utf-8", errors="surrogateescape") as file:
                git = os.path.join(git, file.readline().strip())
    return os.path.join(git, "info", "exclude")
