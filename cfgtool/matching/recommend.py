"""Which of several restore types to take, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.networks.roles import role

if TYPE_CHECKING:
    from cfgtool.matching.plan import RestorePlan

_SAFEST = ("detection", "classification", "full")
"""Of types that restore the same. `detection` takes what does not depend on the task, and goes with published
detectors; `full` demands everything, so that one head of another shape stops TF2."""


class Recommendation(NamedTuple):
    """The `plan` to take, None if all are errors; the `reason`; and what it would `change` for the config."""

    plan: RestorePlan | None
    reason: str
    change: str | None = None


def recommend(plans: list[RestorePlan], kind: str | None = None, load_all: bool = False) -> Recommendation:
    """The best of the plans for one checkpoint: as much as possible is restored, and in the safest way.

    `kind` and `load_all` are the config's own restore type and switch, which the choice is compared with.
    """
    own = next((plan for plan in plans if plan.restore_type == kind and _switched(plan, load_all)), None)
    good = [plan for plan in plans if plan.verdict.severity != "error"]
    if not good:
        hints = [plan.verdict.hint for plan in plans if plan.verdict.hint]
        return Recommendation(None, hints[0] if hints else "nothing fits")
    best = min(good, key=_order)
    return Recommendation(best, _reason(best, good), _change(best, own, kind))


def _switched(plan: RestorePlan, load_all: bool) -> bool:
    """True if the switch is as in the plan, or has no effect on it."""
    return plan.load_all == load_all or plan.generation == "tf2" or plan.restore_type != "detection"


def _order(plan: RestorePlan) -> tuple[bool, int, bool, bool, int]:
    raises = plan.od_api.outcome == "raises"
    return (
        bool(plan.warnings),
        -plan.restored_parameters,
        raises,
        plan.load_all,
        _SAFEST.index(plan.restore_type),
    )


def _reason(best: RestorePlan, good: list[RestorePlan]) -> str:
    others = [plan for plan in good if plan is not best]
    if not others:
        return "no other type restores what it asks for"
    same = [plan for plan in others if plan.restored_parameters == best.restored_parameters]
    if same:
        named = " and ".join(repr(type_name(plan)) for plan in same)
        return f"{named} would restore the same; {_why_safer(best)}"
    heads = [variable for variable, _ in best.restored if role(variable.name) == "head"]
    text = "it restores most"
    if heads and best.restore_type == "full":
        return f"{text}, {len(heads)} variables of the heads too: right if the classes are the same ones"
    if heads:
        return f"{text}, {len(heads)} variables of the heads too, and leaves those of other shapes fresh"
    return text


def _why_safer(best: RestorePlan) -> str:
    if best.restore_type == "detection" and best.generation == "tf1":
        return "without the switch no head is taken over by chance"
    if best.restore_type == "detection":
        return "it goes on working when num_classes changes"
    return "it asks for the least"


def _change(best: RestorePlan, own: RestorePlan | None, kind: str | None) -> str | None:
    """What the config's own type does worse; None if it is the one to take."""
    if own is best or kind is None:
        return None
    if own is None:
        return f"the config's {kind!r} is no restore type of {best.generation.upper()}"
    more = len(best.restored) - len(own.restored)
    if own.verdict.severity == "error":
        return f"the config's {type_name(own)!r} fails: {own.verdict.text}"
    if not more:
        return f"the config's {type_name(own)!r} restores the same {len(own.restored)} variables"
    counts: dict[str, int] = {}
    had = {variable.name for variable, _ in own.restored}
    for variable, _ in best.restored:
        if variable.name not in had:
            part = role(variable.name)
            counts[part] = counts.get(part, 0) + 1
    gained = ", ".join(f"{count} of the {part}" for part, count in counts.items())
    return f"the config's {type_name(own)!r} restores {len(own.restored)} variables, {more} fewer: {gained}"


def type_name(plan: RestorePlan) -> str:
    """The restore type with its switch."""
    return plan.restore_type + (" + load_all" if plan.load_all else "")
