"""Which trainer reads a field, and what to write instead of one that does nothing (`data/status.json`)."""

from __future__ import annotations

from functools import cache

from cfgtool.schema.model import read_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ACTIVE = "active"


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = read_data("status.json")
    return content


@cache
def _statuses() -> dict[str, str]:
    return {name: status for status, names in _content().items() if isinstance(names, list) for name in names}


def status(message: str, field: str) -> str:
    """The fate of a live field in the OD API.

    "active"; "deprecated"; "ignored_tf2" (the TF2 trainer never reads it); "tf1_only" (works in TF1, TF2 raises);
    "unused" (nothing reads it); "unrecorded" (younger than the last release).
    """
    return _statuses().get(f"{message}.{field}", ACTIVE)


def replacement(message: str, field: str) -> str | None:
    """What to write instead of a field that is deprecated or dead; None if nothing took its place."""
    instead: str | None = _content()["instead"].get(f"{message}.{field}")
    return instead
