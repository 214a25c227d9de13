"""Where the fields and messages of the schema may stand in a file."""

from __future__ import annotations

from collections import deque
from functools import cache

from cfgtool.lint.cards.card import Places
from cfgtool.schema import load

ROOTS = ("TrainEvalPipelineConfig", "StringIntLabelMap")
"""The messages that files are: a pipeline.config, a label map."""

MOST_SHOWN = 6
"""Paths that a card names; hyperparameters stand in some thirty places."""


def places_of(message: str, field: str | None = None) -> Places:
    """The places of a message, or of a field of it, shortest paths first."""
    around = _paths().get(message, [])
    paths = [".".join((*path, field)) if field else ".".join(path) for path in around]
    shown = tuple(path for path in paths if path)[:MOST_SHOWN]
    return Places(shown, max(0, len(paths) - MOST_SHOWN))


def architectures_of(message: str) -> set[str]:
    """The members of `model` that the message is below of; empty if it stands elsewhere too."""
    found = {
        path[1] if path[:1] == ("model",) and len(path) > 1 else "" for path in _paths().get(message, [])
    }
    return set() if "" in found else found


@cache
def _paths() -> dict[str, list[tuple[str, ...]]]:
    """Message -> all paths that lead to it, found breadth first, so that short ones come first."""
    messages = load().messages
    found: dict[str, list[tuple[str, ...]]] = {}
    queue: deque[tuple[str, tuple[str, ...], frozenset[str]]] = deque(
        (root, (), frozenset({root})) for root in ROOTS
    )
    while queue:
        name, path, above = queue.popleft()
        found.setdefault(name, []).append(path)
        for field in messages[name].fields.values():
            # A message that holds itself would lead on for ever.
            if field.kind == "message" and field.type not in above:
                queue.append((field.type, (*path, field.name), above | {field.type}))
    return found
