"""Cards as text for a terminal, wrapped to its width."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from cfgtool.lint.cards.card import EnumCard, FieldCard, FieldLine, MessageCard
from cfgtool.lint.cards.words import BADGES, field_facts, since_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cfgtool.lint.cards.card import Card, Places, RuleCard, Value
    from cfgtool.lint.paint import Paint

_LABEL = 15
_STYLES = {"deprecated": "warning", "ignored_tf2": "warning", "unrecorded": "info"}


def card_text(card: Card, width: int, paint: Paint) -> str:
    """The lines on a card, no longer than `width` characters as far as words allow."""
    if isinstance(card, FieldCard):
        lines = _field(card, width, paint)
    elif isinstance(card, MessageCard):
        lines = _message(card, width, paint)
    else:
        lines = _enum(card, width, paint)
    return "\n".join(lines)


def brief(card: Card, width: int, paint: Paint) -> str:
    """The name on a card and its meaning, for lists of several."""
    badge = _badge(card.status, paint) if isinstance(card, FieldCard) else ""
    meaning = card.value.meaning if isinstance(card, EnumCard) and card.value else card.meaning
    return "\n".join([paint(card.title, "bold") + badge, *_indented(meaning, width, 2)])


def _field(card: FieldCard, width: int, paint: Paint) -> Iterator[str]:
    yield paint(card.title, "bold") + _badge(card.status, paint)
    yield from _indented(card.meaning, width, 2)
    yield ""
    for label, text in field_facts(card):
        yield from _labelled(label, text, width, paint)
    yield from _places(card.places, "stands at" if card.removed is None else "stood at", width, paint)
    yield from _values(card.values, width, paint)
    if card.types:
        yield from _types(card, width, paint)
    yield from _rules(card.rules, width, paint)


def _message(card: MessageCard, width: int, paint: Paint) -> Iterator[str]:
    yield paint(card.title, "bold")
    yield from _indented(card.meaning, width, 2)
    if card.places.shown:
        yield ""
        yield from _places(card.places, "stands at", width, paint)
    yield from ["", paint("Members" if card.oneof else "Fields", "bold")]
    for line in card.fields:
        yield from _field_title(line, width, paint)
        yield from _indented(line.meaning, width, 6)
    yield from _rules(card.rules, width, paint)


def _field_title(line: FieldLine, width: int, paint: Paint) -> Iterator[str]:
    """The name with its type and default, in one line if they fit."""
    type_ = line.type + (f" = {line.default}" if line.default is not None else "")
    mark = f"  [{BADGES[line.status]}]" if line.status in BADGES else ""
    split = len(f"  {line.name}: {type_}{mark}") > width
    yield f"  {line.name}:{'' if split else ' ' + paint(type_, 'faint')}{_badge(line.status, paint)}"
    if split:
        yield f"      {paint(type_, 'faint')}"


def _enum(card: EnumCard, width: int, paint: Paint) -> Iterator[str]:
    value = card.value
    yield paint(card.title, "bold")
    yield from _indented(value.meaning if value else card.meaning, width, 2)
    yield ""
    if value:
        yield from _labelled("value of", f"{card.name}: {card.meaning}", width, paint)
        yield from _labelled("number", str(value.number), width, paint)
        yield from _labelled("since", since_words(value.since), width, paint)
    yield from _labelled("used by", ", ".join(card.used_by) or "no field", width, paint)
    yield from _values(card.values, width, paint)


def _places(places: Places, label: str, width: int, paint: Paint) -> Iterator[str]:
    """One path beside the label, several below it; what is too long is broken after a dot."""
    paths = [*places.shown, *([f"and {places.more} more"] if places.more else [])]
    if len(paths) == 1 and len(paths[0]) <= width - 2 - _LABEL:
        yield from _labelled(label, paths[0], width, paint)
    elif paths:
        yield f"  {paint(label, 'faint')}"
        for path in paths:
            yield from _path(path, width)


def _path(path: str, width: int) -> Iterator[str]:
    indent = "    "
    while len(path) > width - len(indent) and (dot := path.rfind(".", 0, width - len(indent))) > 0:
        yield indent + path[: dot + 1]
        path, indent = path[dot + 1 :], " " * 8
    yield indent + path


def _values(values: Iterable[Value], width: int, paint: Paint) -> Iterator[str]:
    values = list(values)
    if not values:
        return
    yield from ["", paint("Values", "bold")]
    column = max(len(value.name) for value in values) + 2
    for value in values:
        yield from _hanging(f"  {value.name.ljust(column)}", value.meaning, width)


def _types(card: FieldCard, width: int, paint: Paint) -> Iterator[str]:
    yield from ["", paint("Types", "bold") + " (* cfgtool train builds it)"]
    for generation in ("tf2", "tf1"):
        names = [
            type_.name + ("*" if type_.trained else "")
            for type_ in card.types
            if type_.generation == generation
        ]
        if names:
            yield from _hanging(f"  {generation.upper()}  ", ", ".join(names), width)


def _rules(rules: Iterable[RuleCard], width: int, paint: Paint) -> Iterator[str]:
    rules = list(rules)
    if not rules:
        return
    yield from ["", paint("Rules", "bold")]
    for rule in rules:
        only = f" ({rule.generations[0].upper()})" if len(rule.generations) == 1 else ""
        yield f"  {paint(rule.code, rule.severity)} {rule.name}{only}"
        yield from _indented(rule.summary, width, 6)


def _badge(status: str, paint: Paint) -> str:
    return f"  {paint(f'[{BADGES[status]}]', _STYLES.get(status, 'error'))}" if status in BADGES else ""


def _labelled(label: str, text: str, width: int, paint: Paint) -> Iterator[str]:
    first, *rest = _hanging(f"  {label.ljust(_LABEL)}", text, width)
    yield f"  {paint(label, 'faint')}{first[2 + len(label) :]}"
    yield from rest


def _hanging(lead: str, text: str, width: int) -> list[str]:
    """`text` after `lead`, its further lines under its first."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [lead.rstrip()]


def _indented(text: str, width: int, indent: int) -> list[str]:
    return _hanging(" " * indent, text, width) if text else []
