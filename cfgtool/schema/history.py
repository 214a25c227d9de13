"""When fields came and went, and what took their place (`data/history.json`, read on demand)."""

from __future__ import annotations

from functools import cache

from cfgtool.schema.model import read_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Removed:
    """A field that the schema had: its first and last date (ISO), and what to write instead."""

    __slots__ = ("field", "gone", "instead", "message", "since")

    def __init__(self, message: str, field: str, since: str, gone: str, instead: str) -> None:
        self.message = message
        self.field = field
        self.since = since
        self.gone = gone
        self.instead = instead


@cache
def _history() -> dict[str, Any]:
    content: dict[str, Any] = read_data("history.json")
    return content


def removed(message: str, field: str) -> Removed | None:
    """The past of a field that the schema no longer has; None if it never had it, or still has it."""
    row = _history()["removed"].get(f"{message}.{field}")
    return Removed(message, field, *row) if row else None


def since(message: str, field: str) -> str | None:
    """The date from which on the schema has a live field or enum value; None if it was there in 2017-06."""
    date: str | None = _history()["since"].get(f"{message}.{field}")
    return date


def changes(message: str, field: str) -> list[tuple[str, str, str, str]]:
    """Changes of a live field: (date, what, from, to), `what` one of type, label, default, number,
    deprecated."""
    return [tuple(row) for row in _history()["changes"].get(f"{message}.{field}", ())]


def removed_fields() -> list[str]:
    """The names, "Message.field", of everything that the schema no longer has."""
    return list(_history()["removed"])


def changed(what: str) -> dict[str, list[tuple[str, str, str]]]:
    """Every live field ("Message.field") with changes of one kind: (date, from, to), oldest first."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for name, rows in _history()["changes"].items():
        kept = [(date, old, new) for date, kind, old, new in rows if kind == what]
        if kept:
            found[name] = sorted(kept)
    return found
