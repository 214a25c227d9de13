"""`cfgtool.toml` and `[tool.cfgtool]` of `pyproject.toml`: which keys there are, and how their values are checked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from cfgtool.errors import UserError
from cfgtool.files import read_text
from cfgtool.lint.findings import SEVERITIES
from cfgtool.lint.profiles import PROFILES
from cfgtool.lint.rules import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable

SEVERITY_WORDS = (*SEVERITIES, "off")


class Configuration(NamedTuple):
    """The settings of one file. File names in `values` are complete, globs are relative to `folder`."""

    file: str
    folder: str
    values: dict[str, Any]


def read_configuration(file: str) -> Configuration | None:
    """The settings in `file`; None for a pyproject.toml without a table of ours.

    Raises UserError for a file that is no TOML, for an unknown key and for a value that a key does not take.
    """
    import tomllib

    try:
        table = tomllib.loads(read_text(file).replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, UnicodeError) as error:
        raise UserError(f"is not TOML: {error}", path=file) from None
    if os.path.basename(file) == "pyproject.toml":
        table = table.get("tool", {}).get("cfgtool")
        if table is None:
            return None
    if not isinstance(table, dict):
        raise UserError("'tool.cfgtool' is not a table", path=file, hint="write [tool.cfgtool]")
    folder = os.path.dirname(os.path.abspath(file))
    return Configuration(file, folder, checked(table, folder, file))


def checked(table: dict[str, Any], folder: str, file: str | None = None) -> dict[str, Any]:
    """The values of `table`, checked; relative file names are of `folder`.

    Raises UserError, at `file`, for an unknown key or a value that its key does not take.
    """
    values = {}
    for key, value in table.items():
        if key not in KEYS:
            from cfgtool.schema.nearest import nearest

            near = nearest(key, KEYS)
            hint = f"did you mean '{near}'" if near else f"keys are {', '.join(KEYS)}"
            raise UserError(f"unknown key '{key}'", path=file, hint=hint)
        try:
            values[key] = KEYS[key](value, folder)
        except _WrongValueError as wrong:
            raise UserError(f"'{key}' {wrong}", path=file, hint=wrong.hint) from None
    return values


class _WrongValueError(Exception):
    """A value is not what its key takes."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def _word(value: object, names: tuple[str, ...] | dict[str, Any]) -> object:
    if value not in names:
        from cfgtool.schema.nearest import nearest

        near = nearest(str(value), names)
        hint = f"did you mean '{near}'" if near else f"it takes {', '.join(names)}"
        raise _WrongValueError(f"is {_shown(value)}", hint)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _WrongValueError(f"is {_shown(value)}", "it takes a string in quotes")
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
        raise _WrongValueError(f"is {_shown(value)}", "it takes a list of strings in quotes")
    return value


def _table(value: object, of: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _WrongValueError(f"is {_shown(value)}", f"it takes a table of {of}")
    return value


def _shown(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else repr(value).lower()


def _path(value: object, folder: str) -> str:
    return os.path.normpath(os.path.join(folder, _text(value)))


def _remaps(value: object, folder: str) -> dict[str, str]:
    """Prefix -> what stands for it; a slash at the end of the prefix is kept on both sides."""
    remaps = {}
    for prefix, here in _table(value, 'prefixes, such as {"/content/" = "data/"}').items():
        if not prefix:
            raise _WrongValueError("has an empty prefix", "write what the file names begin with")
        remaps[prefix] = _path(here, folder) + ("/" if prefix.endswith("/") else "")
    return remaps


def _severities(value: object) -> dict[str, Any]:
    table = _table(value, 'codes, such as {CFG349 = "off"}')
    return {code: _word(word, SEVERITY_WORDS) for code, word in table.items()}


def _per_file(value: object) -> dict[str, list[str]]:
    table = _table(value, 'patterns, such as {"legacy/*.config" = ["CFG1"]}')
    return {pattern: _texts(codes) for pattern, codes in table.items()}


KEYS: dict[str, Callable[[Any, str], Any]] = {
    "profile": lambda value, _: _word(value, PROFILES),
    "select": lambda value, _: _texts(value),
    "extend-select": lambda value, _: _texts(value),
    "ignore": lambda value, _: _texts(value),
    "per-file-ignores": lambda value, _: _per_file(value),
    "severity": lambda value, _: _severities(value),
    "target": lambda value, _: _word(value, TARGETS),
    "path-remaps": _remaps,
    "baseline": _path,
    "rules": lambda value, folder: [_path(path, folder) for path in _texts(value)],
    "plugins": lambda value, _: _texts(value),
    "exclude": lambda value, _: _texts(value),
}
"""Key -> what checks its value, given the folder that file names are relative to."""
