"""The sentences on cards that follow from facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.cards.card import Change, FieldCard

OD_API = {
    "active": "read by the TF1 and TF2 trainers",
    "deprecated": "deprecated: kept so that old configs still parse",
    "ignored_tf2": "read in TF1 only; TF2 ignores it without a message",
    "tf1_only": "works in TF1 only; TF2 stops with an error",
    "unused": "read by nothing, neither in TF1 nor in TF2",
    "unrecorded": "younger than the last release, 2.8.0: released trainers do not know it",
}
"""Status -> what the trainers of the OD API do."""

BADGES = {
    "deprecated": "deprecated",
    "ignored_tf2": "ignored in TF2",
    "tf1_only": "TF1 only",
    "unused": "unused",
    "unrecorded": "unreleased",
    "removed": "removed",
}
"""Status -> a mark beside the name; active fields have none."""

TRAINING = {
    "acts": "acts on it",
    "refused": "stops with an error where it asks for what is not supported",
    "ignored": "does not read it",
    "unreached": "does not come to it: the block around it is refused or not read",
}
"""Use -> what `cfgtool train` does."""


def od_api_words(status: str, architectures: set[str]) -> str:
    """Who reads a field of that status, below these members of `model` only (empty: anywhere)."""
    if status == "active" and architectures == {"center_net"}:
        return "read by the TF2 trainer (CenterNet exists in TF2 only)"
    return OD_API[status]


def training_words(use: str) -> str:
    """What `cfgtool train` does with a field of that use."""
    return TRAINING[use]


def removed_words(since: str, gone: str) -> str:
    """When a field came and went."""
    return f"in the schema from {since} to {gone}"


def field_facts(card: FieldCard) -> Iterator[tuple[str, str]]:
    """(label, text) of every short fact about a field, in the order in which they are shown."""
    if card.type:
        yield "type", f"{card.label} {card.type}" if card.label != "map" else card.type
    if card.default is not None:
        unwritten = "" if card.written_default else " (not spelled out in the schema)"
        yield "default", card.default + unwritten
    for limit in card.limits:
        yield "allowed", f"{limit.text}{f' in {limit.generation}' if limit.generation else ''} ({limit.code})"
    if card.excludes:
        yield "excludes", f"{', '.join(card.excludes)} (at most one of them counts)"
    if card.status != "removed":
        yield "since", since_words(card.since)
    for change in card.changes:
        yield "changed", change_words(change)
    yield "OD API", card.od_api
    if card.cfgtool_train:
        yield "cfgtool train", card.cfgtool_train
    if card.instead:
        yield "instead", card.instead


def since_words(since: str | None) -> str:
    """From when on the schema has something; its first known state is of June 2017."""
    return since or "2017-06 or earlier"


def change_words(change: Change) -> str:
    """A change of the schema in words."""
    if change.what == "deprecated":
        return f"{change.date}: deprecated"
    before, after = (value or '""' for value in (change.before, change.after))
    return f"{change.date}: {change.what} from {before} to {after}"
