"""Cards as Markdown, for the field reference and for editors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from cfgtool.lint.cards.card import EnumCard, FieldCard, MessageCard
from cfgtool.lint.cards.words import BADGES, field_facts

if TYPE_CHECKING:
    from cfgtool.lint.cards.card import Card, Places, RuleCard, Value

Link = Callable[[str], str | None]
"""Name of a message or code of a rule -> the address to link to, None for no link."""


def card_markdown(card: Card, link: Link = lambda name: None) -> str:
    """A card as Markdown without headings: the name in bold, the meaning, the facts, values, rules."""
    badge = f" · {BADGES[card.status]}" if isinstance(card, FieldCard) and card.status in BADGES else ""
    return f"**{code(card.title)}**{badge}\n\n{card_body(card, link)}"


def card_body(card: Card, link: Link = lambda name: None) -> str:
    """The same without the name."""
    if isinstance(card, FieldCard):
        parts = _field(card, link)
    elif isinstance(card, MessageCard):
        parts = _message(card, link)
    else:
        parts = _enum(card)
    return "\n\n".join(part for part in parts if part)


def code(text: str) -> str:
    """`text` as a code span that also stands in a table."""
    return f"`{text}`".replace("|", "\\|")


def prose(text: str) -> str:
    """`text` with what Markdown would take for markup made plain."""
    for character in "\\`*<[]|":
        text = text.replace(character, "\\" + character)
    return text


def linked(name: str, link: Link) -> str:
    """A name as a code span, with a link where there is an address."""
    address = link(name)
    return f"[{code(name)}]({address})" if address else code(name)


def _field(card: FieldCard, link: Link) -> Iterator[str]:
    yield prose(card.meaning)
    facts = [_fact(card, label, text, link) for label, text in field_facts(card)]
    if card.places.shown:
        facts.append(f"- {'stands' if card.removed is None else 'stood'} at: {_places(card.places)}")
    yield "\n".join(facts)
    yield _values(card.values)
    if card.types:
        yield _types(card)
    yield _rules(card.rules, link)


def _fact(card: FieldCard, label: str, text: str, link: Link) -> str:
    """One item of the list of facts."""
    if label == "type" and card.value_kind == "message" and card.label != "map":
        words = f"{card.label} {linked(card.type, link)}"
    elif label in ("type", "default"):
        value, brace, remark = text.partition(" (")
        words = code(value) + brace + remark
    elif label == "excludes":
        names, brace, remark = text.partition(" (")
        words = ", ".join(code(name) for name in names.split(", ")) + brace + remark
    else:
        words = prose(text)
    return f"- {label}: {words}"


def _places(places: Places) -> str:
    more = f", and {places.more} more places" if places.more else ""
    return ", ".join(code(path) for path in places.shown) + more


def _types(card: FieldCard) -> str:
    rows = ["| type | generation | `cfgtool train` |", "| --- | --- | --- |"]
    rows += (
        f"| {code(type_.name)} | {type_.generation.upper()} | {'builds it' if type_.trained else ''} |"
        for type_ in card.types
    )
    return "\n".join(rows)


def _message(card: MessageCard, link: Link) -> Iterator[str]:
    yield prose(card.meaning)
    if card.places.shown:
        yield f"Stands at {_places(card.places)}."
    rows = ["| field | type | default | meaning |", "| --- | --- | --- | --- |"]
    for line in card.fields:
        badge = f" *{BADGES[line.status]}*" if line.status in BADGES else ""
        default = code(line.default) if line.default is not None else ""
        rows.append(f"| {code(line.name)}{badge} | {code(line.type)} | {default} | {prose(line.meaning)} |")
    yield "\n".join(rows) if card.fields else "It has no fields."
    yield _rules(card.rules, link)


def _enum(card: EnumCard) -> Iterator[str]:
    yield prose(card.value.meaning if card.value else card.meaning)
    if card.value:
        yield f"A value of {code(card.name)}: {prose(card.meaning)}"
    yield _values(card.values)
    if card.used_by:
        yield f"Used by {', '.join(code(name) for name in card.used_by)}."


def _values(values: tuple[Value, ...]) -> str:
    if not values:
        return ""
    rows = (f"| {code(value.name)} | {prose(value.meaning)} |" for value in values)
    return "\n".join(["| value | meaning |", "| --- | --- |", *rows])


def _rules(rules: tuple[RuleCard, ...], link: Link) -> str:
    if not rules:
        return ""
    items = []
    for rule in rules:
        only = f" ({rule.generations[0].upper()})" if len(rule.generations) == 1 else ""
        items.append(f"- {linked(rule.code, link)} {rule.name}{only}: {prose(rule.summary)}")
    return "\n".join(["Rules:", "", *items])
