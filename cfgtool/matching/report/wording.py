"""Plans and checkpoints in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfgtool.checkpoints import Checkpoint
    from cfgtool.matching.plan import RestorePlan

_CONTAINERS = {
    "bundle": "",
    "v1": ", one file (V1)",
    "saved_model": ", SavedModel",
    "frozen_graph": ", frozen graph",
}


def checkpoint_line(checkpoint: Checkpoint) -> str:
    """The checkpoint in one line."""
    kind = {"tf2-object": "object-based, TF2", "tf1-name": "name-based, TF1"}[checkpoint.format]
    kind += _CONTAINERS[checkpoint.container]
    word = "step" if checkpoint.format == "tf1-name" else "number"
    step = f", {word} {checkpoint.step}" if checkpoint.step is not None else ""
    line = f"{printable(checkpoint.path)} ({kind}): {len(checkpoint.entries)} entries{step}"
    if not checkpoint.has_data:
        line += "; index only: the data files are not there, training could not start"
    return line


def od_api_in_words(plan: RestorePlan) -> str:
    """What the OD API's trainer would do, as the end of a sentence."""
    outcome = plan.od_api
    if outcome.outcome == "raises":
        return f"raises {outcome.exception}: {printable(outcome.text or '')}"
    if outcome.outcome != "ok":
        return "was not observed with such a path"
    if not outcome.restored:
        return "restores nothing and trains from scratch, without an error"
    if plan.generation == "tf1" and len(plan.restored) < plan.requested:
        return f"restores {outcome.restored} variables and warns about the others"
    return f"restores {outcome.restored} variables"


def shown_shape(shape: Sequence[int]) -> str:
    """A shape as a list, `[3, 3, 32, 1]`."""
    return str(list(shape))


def printable(text: str) -> str:
    """Text from a file made fit for a terminal: control characters are escaped."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
