"""Table E, input and rate: steps of the augmentation and of the learning rate that the builders refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.migrate.model import ASK, BOTH, UNSAFE, Effect, Step
from cfgtool.migrate.rewriting import Part, added, change, note, removed, set_to
from cfgtool.textproto import Block, parse_float
from cfgtool.textproto.edits import insert_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.migrate.draft import Draft, Place
    from cfgtool.migrate.model import Change

_FLIPS = ("RandomHorizontalFlip", "RandomVerticalFlip", "RandomRotation90")
_DEFAULT_RATE = "0.002"
"""Of `learning_rate` in a schedule's entry (optimizer.proto)."""


def _schedules(draft: Draft) -> Iterator[tuple[Place, list[Place]]]:
    """Every manual_step_learning_rate without warmup, with the entries of its schedule."""
    for place in draft.places:
        if place.name == "manual_step_learning_rate" and place.owner == "LearningRate":
            children = draft.inside(place)
            # With warmup the first entry is the end of the ramp, and dropping it would bend the ramp.
            if not any(child.name == "warmup" and draft.is_true(child) for child in children):
                yield place, [child for child in children if child.name == "schedule"]


def _step_of(draft: Draft, entry: Place) -> str:
    """The step of a schedule's entry as written, the default if it is not."""
    steps = [child for child in draft.inside(entry) if child.name == "step"]
    return draft.text(steps[-1]) if steps else "0"


def _starts_at_zero(draft: Draft) -> Iterator[Change]:
    for place, entries in _schedules(draft):
        if len(entries) < 2 or _step_of(draft, entries[0]) != "0" or _step_of(draft, entries[1]) == "0":
            continue
        rates = [child for child in draft.inside(entries[0]) if child.name == "learning_rate"]
        rate = draft.text(rates[-1]) if rates else _DEFAULT_RATE
        message = "the builder refuses a schedule that starts at step 0; its rate is the initial one"
        yield change(message, removed(draft, entries[0]), *_initial_rate(draft, place, entries[0], rate))


def _initial_rate(draft: Draft, place: Place, entry: Place, rate: str) -> list[Part]:
    initial = [child for child in draft.inside(place) if child.name == "initial_learning_rate"]
    if initial:
        # The same number in another spelling stays as the user spelled it.
        same = _number(draft.text(initial[-1])) == _number(rate)
        return [] if same else [set_to(draft, initial[-1], rate)]
    path = f"{place.path}.initial_learning_rate"
    edit = insert_field(draft.document, entry.block, f"initial_learning_rate: {rate}", before=entry.field)
    return [((edit,), (Effect(path, entry.field.start, None, rate),))]


def _only_zero(draft: Draft) -> Iterator[Change]:
    for _, entries in _schedules(draft):
        if len(entries) == 1 and _step_of(draft, entries[0]) == "0":
            message = (
                "the builder refuses a schedule that starts at step 0; this one is a constant_learning_rate"
            )
            yield note(draft, entries[0], message)


def _whole_step(draft: Draft, place: Place) -> Place | None:
    """The augmentation step around `place`, if nothing else stands in it."""
    step = place.parent
    # A step with two members runs the last one; which of them was meant is not for us to say.
    return step if step is not None and len(draft.inside(step)) == 1 else None


def _never(draft: Draft) -> Iterator[Change]:
    for place in draft.places:
        if (
            place.owner in _FLIPS
            and place.name == "probability"
            and place.parent
            and _number(draft.text(place)) == 0
        ):
            step = _whole_step(draft, place.parent)
            if step:
                message = (
                    f"{place.parent.name} with probability 0 never acts, and building the input fails on it"
                )
                yield change(message, removed(draft, step))


def _number(text: str) -> float | None:
    try:
        return parse_float(text)
    except ValueError:
        return None


def _range(draft: Draft) -> Iterator[Change]:
    for place in draft.named("PreprocessingStep", "normalize_image"):
        block = place.node
        if not isinstance(block, Block):
            continue
        present = {field.name for field in block.fields}
        for name, value in (("target_minval", "0"), ("target_maxval", "1")):
            if name not in present:
                message = "the builder needs the number, and does not fill in the schema's default"
                yield change(message, added(draft, block, f"{place.path}.{name}", value))


def _autoaugment(draft: Draft) -> Iterator[Change]:
    for place in draft.named("PreprocessingStep", "autoaugment_image"):
        step = _whole_step(draft, place)
        yield change(
            "needs TF1, and fails in TF2 for every policy", removed(draft, step or place), exact=False
        )


STEPS = [
    Step(
        600,
        "E16",
        "learning rate schedule from step 0",
        "the builder refuses it",
        _starts_at_zero,
        trainers=BOTH,
    ),
    Step(
        601, "E16", "learning rate schedule of step 0 only", "the builder refuses it", _only_zero, ASK, BOTH
    ),
    Step(
        602,
        "E18",
        "flip or rotation with probability 0",
        "the builder stops with an error",
        _never,
        trainers=BOTH,
    ),
    Step(603, "E19", "normalize_image without its target range", "the builder stops", _range, trainers=BOTH),
    Step(604, "E14", "autoaugment_image", "TF2 cannot run it", _autoaugment, UNSAFE),
]
