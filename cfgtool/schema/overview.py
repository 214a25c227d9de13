"""The messages of the schema in brief, as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.schema.docs import doc
from cfgtool.schema.model import load
from cfgtool.schema.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.schema.model import MessageType

_NARROWEST = 24


def overview(root: str, width: int, depth: int = 2) -> str:
    """The blocks below `root`, `depth` deep, each with its message and its comment cut to `width`; then the counts.

    Raises UserError, with the nearest name, for a message that there is not.
    """
    message_named(root)
    rows = list(_rows(root, root, 0, depth))
    column = max(len(lead) for lead, _ in rows) + 2
    lines = [f"{lead.ljust(column)}{_cut(text, max(_NARROWEST, width - column))}" for lead, text in rows]
    schema = load()
    fields = sum(len(message.fields) for message in schema.messages.values())
    counts = f"{len(schema.messages)} messages, {fields} fields, {len(schema.enums)} enumerations in all"
    return "\n".join([*lines, "", f"{counts}; --depth shows more of them, cfgtool explain NAME one"])


def _rows(name: str, label: str, level: int, depth: int) -> Iterator[tuple[str, str]]:
    """(indented field and message, comment) of a message and of the blocks in it."""
    yield "  " * level + label, doc(name)
    for field in load().messages[name].fields.values() if level < depth else ():
        if field.kind == "message" and field.label != "map":
            yield from _rows(field.type, f"{field.name}: {field.type}", level + 1, depth)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3].rstrip()}..."


def message_named(name: str) -> MessageType:
    """The message of that name. Raises UserError, with the nearest name, if there is none."""
    messages = load().messages
    if name not in messages:
        near = nearest(name, messages)
        hint = f"did you mean '{near}'" if near else "'cfgtool schema' lists them"
        raise UserError(f"no message {name!r}", hint=hint)
    return messages[name]
