"""What `cfgtool explain` says: of a rule its documentation, of a field, message or enumeration its card."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from cfgtool.errors import UserError
from cfgtool.lint.cards.build import field_card, message_card
from cfgtool.lint.cards.card import KINDS, FieldCard, MessageCard
from cfgtool.lint.cards.markdown import card_markdown
from cfgtool.lint.cards.text import brief, card_text
from cfgtool.lint.pages import row, text
from cfgtool.lint.paint import painter
from cfgtool.lint.rules import load
from cfgtool.lint.subjects import cards_of, nearest_subject

if TYPE_CHECKING:
    from cfgtool.lint.cards.card import Card
    from cfgtool.lint.rules import Catalogue

__all__ = [
    "FieldCard",
    "MessageCard",
    "card_markdown",
    "explain",
    "explain_rows",
    "field_card",
    "message_card",
]

NARROWEST, WIDEST = 40, 110
"""Columns: text is wrapped to the terminal, but to no less and no more than this."""

MOST_IN_FULL = 3
"""More cards of one name than this are listed in brief."""


def explain(
    subject: str, catalogue: Catalogue | None = None, *, width: int = 80, colour: bool = False
) -> str:
    """The explanation of a rule (code or name), or of what the schema calls so (see `subjects.cards_of`).

    `catalogue` holds the rules that are known, the bundled ones by default; lines are `width` columns long. Raises
    UserError, with the nearest name, for anything else.
    """
    catalogue = catalogue or load()
    width = max(NARROWEST, min(width, WIDEST))
    code = _rule(subject, catalogue)
    if code is not None:
        return text(catalogue.rule(code), catalogue.docs(code), width)
    cards, paint = _cards(subject, catalogue), painter(colour)
    if len(cards) <= MOST_IN_FULL:
        return "\n\n".join(card_text(card, width, paint) for card in cards)
    lines = [f"'{subject}' is the name of {len(cards)}; explain one of them by its full name", ""]
    return "\n".join([*lines, *(brief(card, width, paint) for card in cards)])


def explain_rows(subject: str, catalogue: Catalogue | None = None) -> list[dict[str, Any]]:
    """The same as data: one object for each thing of that name, with its `kind`. Raises UserError as `explain`."""
    catalogue = catalogue or load()
    code = _rule(subject, catalogue)
    if code is not None:
        return [{"kind": "rule", **row(catalogue.rule(code)), "documentation": catalogue.docs(code)}]
    return [{"kind": KINDS[type(card)], **dataclasses.asdict(card)} for card in _cards(subject, catalogue)]


def _rule(subject: str, catalogue: Catalogue) -> str | None:
    return catalogue.code_of(subject) or catalogue.code_of(subject.upper())


def _cards(subject: str, catalogue: Catalogue) -> list[Card]:
    cards = cards_of(subject, catalogue)
    if not cards:
        raise UserError(f"nothing is called {subject!r}", hint=_nearest(subject, catalogue))
    return cards


def _nearest(subject: str, catalogue: Catalogue) -> str:
    """Where to look instead."""
    from cfgtool.lint.selection import nearest_rule

    if not subject:
        return "name a rule such as CFG101, or a field such as train_config.batch_size"
    near = nearest_subject(subject)
    return f"did you mean '{near}'" if near else nearest_rule(catalogue, subject)
