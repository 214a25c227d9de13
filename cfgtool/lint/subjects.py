"""What people mean by the name that they ask `cfgtool explain` about."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.lint.cards.build import enum_card, field_card, message_card
from cfgtool.lint.cards.places import ROOTS
from cfgtool.schema import load
from cfgtool.schema.history import removed, removed_fields
from cfgtool.schema.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cfgtool.lint.cards.card import Card
    from cfgtool.lint.rules import Catalogue
    from cfgtool.schema import MessageType


class _End(NamedTuple):
    """Where a path leads: a name in a message, below the fields "Message.field" in `around`."""

    message: MessageType
    name: str
    around: tuple[str, ...]


def cards_of(subject: str, catalogue: Catalogue | None = None) -> list[Card]:
    """The cards of what `subject` names, with the rules of `catalogue`; empty if nothing is called so.

    In this order: a path from the root of a file, a message, an enumeration, "Message.field" (also fields of older
    schemas, oneofs, values of enumerations), and the bare name of any of them.
    """
    for root in ROOTS:
        end = _follow(load().messages[root], subject)
        cards = _named(end.message.name, end.name, catalogue, end.around) if end else []
        if cards:
            return cards
    if subject in load().messages:
        return [message_card(subject, catalogue=catalogue)]
    owner, _, name = subject.rpartition(".")
    if owner:
        return _named(owner, name, catalogue) or [
            card for enum in _enums(owner) for card in _named(enum, name, catalogue)
        ]
    return [*(enum_card(enum) for enum in _enums(name)), *_bare(name, catalogue)]


def nearest_subject(subject: str) -> str | None:
    """The name that was most likely meant; None if none is near."""
    path, _, last = subject.rpartition(".")
    if not last:
        return None
    near = nearest(last, _names_in(path)) if path else None
    return f"{path}.{near}" if near else nearest(last, dict.fromkeys(_all_names()))


def _names_in(path: str) -> list[str]:
    """The names in the block at a path, in a message, or in an enumeration."""
    schema = load()
    for root in ROOTS:
        end = _follow(schema.messages[root], path)
        field = end.message.fields.get(end.name) if end else None
        if field is not None and field.kind == "message":
            return _members(schema.messages[field.type])
    if path in schema.messages:
        return _members(schema.messages[path])
    return [value for enum in _enums(path) for value in schema.enums[enum]]


def _follow(message: MessageType, path: str) -> _End | None:
    """The end of a dotted path, indices left out; None if a name on the way is not that of a block."""
    *names, last = (name.partition("[")[0] for name in path.split("."))
    around: list[str] = []
    for name in names:
        field = message.fields.get(name)
        if field is None or field.kind != "message":
            return None
        around.append(f"{message.name}.{name}")
        message = load().messages[field.type]
    return _End(message, last, tuple(around))


def _named(owner: str, name: str, catalogue: Catalogue | None, around: Iterable[str] = ()) -> list[Card]:
    """The field, field of the past, oneof or enumeration value called `name` in `owner`."""
    message = load().messages.get(owner)
    if message is not None and name in message.fields:
        return [field_card(owner, name, around, catalogue)]
    if message is not None and name in message.oneofs:
        return [message_card(owner, name, catalogue)]
    if removed(owner, name):
        return [field_card(owner, name, catalogue=catalogue)]
    return [enum_card(owner, name)] if name in load().enums.get(owner, ()) else []


def _bare(name: str, catalogue: Catalogue | None) -> list[Card]:
    """Whatever is called `name` in any message or enumeration."""
    owners = [*load().messages, *load().enums, *_past_owners()]
    return [card for owner in dict.fromkeys(owners) for card in _named(owner, name, catalogue)]


def _enums(name: str) -> list[str]:
    """The enumerations of that full name, or else of that last part of it."""
    enums = load().enums
    return [name] if name in enums else [each for each in enums if each.rpartition(".")[2] == name]


def _past_owners() -> list[str]:
    """The messages that lost fields; some are gone themselves."""
    return [name.rpartition(".")[0] for name in removed_fields()]


def _members(message: MessageType) -> list[str]:
    past = [name.rpartition(".") for name in removed_fields()]
    return [*message.fields, *message.oneofs, *(name for owner, _, name in past if owner == message.name)]


def _all_names() -> Iterator[str]:
    schema = load()
    for message in schema.messages.values():
        yield message.name
        yield from _members(message)
    for enum, values in schema.enums.items():
        yield enum
        yield from values
