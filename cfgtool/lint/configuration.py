"""Which settings hold for a file: those of the nearest `cfgtool.toml` or `pyproject.toml` above it.

The walk upward costs a few stat calls, and TOML is read only where there is a table of ours, so that a single file
without a configuration is linted as fast as ever.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

from cfgtool.errors import UserError
from cfgtool.lint.engine import Settings

if TYPE_CHECKING:
    from cfgtool.lint.baseline import Baseline
    from cfgtool.lint.resolving import Resolved
    from cfgtool.lint.rules import Catalogue
    from cfgtool.lint.settings_file import Configuration


T = TypeVar("T")
MARK = b"tool.cfgtool"
"""What a pyproject.toml holds that may configure cfgtool."""


class Lookup:
    """Finds the settings of files, and remembers them by folder.

    `overrides` are values of keys of the file that count more than the file's (the command line's), `config` is the
    one file to take in place of the nearest, `isolated` takes none. Everything is read once: `forget` makes the
    next call look again.
    """

    __slots__ = ("_by_folder", "_resolved", "config", "isolated", "overrides")

    def __init__(
        self, overrides: dict[str, Any] | None = None, config: str | None = None, isolated: bool = False
    ) -> None:
        self.overrides = overrides or {}
        self.config = config
        self.isolated = isolated
        self.forget()

    def __reduce__(self) -> tuple[type[Lookup], tuple[Any, ...]]:
        return Lookup, (self.overrides, self.config, self.isolated)

    def forget(self) -> None:
        """Forget what was read."""
        self._by_folder: dict[str, Configuration | UserError | None] = {}
        self._resolved: dict[str | None, Resolved | UserError] = {}

    def configuration(self, path: str | None) -> Configuration | None:
        """The configuration of `path` (None: of the current folder), None if there is none.

        Raises UserError if the file that holds it is not in order.
        """
        if self.isolated:
            return None
        if self.config is not None:
            found = self._kept("", self.config)
        else:
            folder = os.path.dirname(os.path.abspath(path)) if path is not None else os.getcwd()
            found = self._nearest(folder)
        return _unless_wrong(found)

    def settings(self, path: str | None) -> Settings:
        """The settings that hold for `path` (None: for text without a file). Raises UserError as `configuration`."""
        return self.resolved(path).for_file(path) if self._has_any(path) else _plain()

    def resolved(self, path: str | None) -> Resolved:
        """The settings of a configuration and the overrides, before what it says of single files."""
        from cfgtool.lint.resolving import resolve

        found = self.configuration(path)
        key = found.file if found is not None else None
        if key not in self._resolved:
            try:
                self._resolved[key] = resolve(found, self.overrides)
            except UserError as error:
                self._resolved[key] = error
        return _unless_wrong(self._resolved[key])

    def catalogues(self) -> list[Catalogue]:
        """The catalogues of all settings that were looked up so far."""
        found = self._resolved.values()
        return [each.settings.catalogue for each in found if not isinstance(each, UserError)]

    def baselines(self) -> list[Baseline]:
        """The baselines of all settings that were looked up so far, each once."""
        found = [
            each.settings.baseline for each in self._resolved.values() if not isinstance(each, UserError)
        ]
        return list(dict.fromkeys(baseline for baseline in found if baseline is not None))

    def _has_any(self, path: str | None) -> bool:
        return bool(self.overrides) or self.configuration(path) is not None

    def _nearest(self, folder: str) -> Configuration | UserError | None:
        """The configuration of `folder` or the nearest folder above, up to the one that holds `.git`."""
        known, passed = self._by_folder, []
        found: Configuration | UserError | None = None
        while folder not in known:
            passed.append(folder)
            found = self._of_folder(folder)
            above = os.path.dirname(folder)
            if found is not None or above == folder or os.path.exists(os.path.join(folder, ".git")):
                break
            folder = above
        else:
            found = known[folder]
        known.update(dict.fromkeys(passed, found))
        return found

    def _of_folder(self, folder: str) -> Configuration | UserError | None:
        for name in ("cfgtool.toml", "pyproject.toml"):
            file = os.path.join(folder, name)
            if os.path.isfile(file) and (found := _read(file)) is not None:
                return found
        return None

    def _kept(self, key: str, file: str) -> Configuration | UserError | None:
        if key not in self._by_folder:
            found = _read(file)
            if found is None:
                found = UserError(
                    "holds no [tool.cfgtool]", path=file, hint="name another file with --config"
                )
            self._by_folder[key] = found
        return self._by_folder[key]


def _unless_wrong(found: T | UserError) -> T:
    """What was found. Raises what is wrong with it."""
    if isinstance(found, UserError):
        raise found
    return found


def _read(file: str) -> Configuration | UserError | None:
    """The configuration in a file, or what is wrong with it: every file that it is of is told, without reading again."""
    from cfgtool.files import read_bytes

    try:
        if os.path.basename(file) == "pyproject.toml" and MARK not in read_bytes(file):
            return None
        from cfgtool.lint.settings_file import read_configuration

        return read_configuration(file)
    except UserError as error:
        return error


_lookup: Lookup | None = None
_settings: Settings | None = None


def _plain() -> Settings:
    """The settings without any configuration."""
    global _settings
    if _settings is None:
        _settings = Settings()
    return _settings


def settings_for(path: str | None, *, config: str | None = None, isolated: bool = False) -> Settings:
    """The settings that hold for the config at `path` (None: for text without a file), remembered by folder.

    `config` names the configuration file to take in place of the nearest one, `isolated` takes none. Raises UserError
    if a configuration is not in order. A program that lives longer than its files calls `forget_settings`.
    """
    global _lookup
    if config is not None or isolated:
        return Lookup(None, config, isolated).settings(path)
    if _lookup is None:
        _lookup = Lookup()
    return _lookup.settings(path)


def forget_settings() -> None:
    """Let `settings_for` read everything again."""
    if _lookup is not None:
        _lookup.forget()
