"""`cfgtool lint --show-settings`: which settings hold for a file, and where each is from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cfgtool.lint.settings_file import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.configuration import Lookup


def shown_settings(lookup: Lookup, path: str | None) -> str:
    """The settings for `path`, a line each. Raises UserError if a configuration is not in order."""
    return "".join(f"{line}\n" for line in _lines(lookup, path))


def _lines(lookup: Lookup, path: str | None) -> Iterator[str]:
    found = lookup.configuration(path)
    resolved = lookup.resolved(path)
    settings = resolved.for_file(path)
    yield f"{'file':<16} {path or os.getcwd()}"
    yield f"{'configuration':<16} {_short(found.file) if found else 'none'}"
    for key in KEYS:
        if key in resolved.values and key in resolved.origins:
            yield f"{key:<16} {_value(resolved.values[key])}  [{_short(resolved.origins[key])}]"
    records = settings.catalogue.records
    off = sorted(code for code in records if not settings.on(code))
    if "target" not in resolved.values:
        yield f"{'target':<16} {settings.target}"
    yield f"{'fail on':<16} {settings.fail_on}"
    yield f"{'rules on':<16} {len(records) - len(off)} of {len(records)}"
    if off:
        yield f"{'rules off':<16} {', '.join(off)}"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return str(value) or "none"


def _short(origin: str) -> str:
    """A file as it is seen from the current folder, if it is below it."""
    if not os.path.isabs(origin):
        return origin
    name = os.path.relpath(origin)
    return origin if name.startswith(os.pardir) else name
