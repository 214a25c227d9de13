"""What a restore plan means: is it as it should be, and if not, what to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.matching.heads import about_fresh_heads, only_classes_differ, why_heads_differ
from cfgtool.matching.semantics import restore_types
from cfgtool.matching.twins import twin_difference
from cfgtool.matching.ways_out import OTHER_CHECKPOINT, scopes, way_out
from cfgtool.networks.roles import role

if TYPE_CHECKING:
    from cfgtool.matching.plan import RestorePlan
    from cfgtool.networks.variables import Variable

_ENOUGH = 0.9
"""Below this share of the backbone's variables, the checkpoint is of another network."""


class Verdict(NamedTuple):
    """`slug` names the case, `severity` is "ok", "warning" or "error", `text` one sentence, `hint` the way
    out.

    complete: every variable of the network is restored. heads-fresh, backbone-only: everything that was asked
    for is, the heads (and the layers between) start fresh. heads-differ: as asked for but for heads of
    another shape, which start fresh. partial: parts of it. would-raise: training would stop.
    backbone-mismatch: another network's checkpoint. nothing-restored: not a single variable. Training refuses
    to start from an error.
    """

    slug: str
    severity: str
    text: str
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.text}; {self.hint}" if self.hint else self.text


def judge(plan: RestorePlan) -> None:
    """Give `plan` its verdict, warnings and notes."""
    plan.verdict = _verdict(plan)
    if plan.checkpoint.format == "tf2-object" and plan.network.generation == "tf1":
        plan.notes.append(
            "a TF2 checkpoint for a TF1 network: matched through the names that it has in TF2; for"
            " the OD API, rewrite it with cfgtool checkpoint convert"
        )
    if plan.checkpoint.format == "tf1-name" and plan.network.generation == "tf2":
        plan.notes.append(
            "a TF1 checkpoint for a TF2 network: matched through the names that it had in TF1; for"
            " the OD API, rewrite it with cfgtool checkpoint convert"
        )
    difference = twin_difference(plan)
    if difference:
        plan.warnings.append(difference)
    if plan.load_all and plan.generation == "tf2":
        plan.warnings.append("load_all_detection_checkpoint_vars has no meaning in TF2: delete it")
    if plan.verdict.slug == "heads-fresh":
        plan.notes.append(about_fresh_heads(plan))
    idle = sum(variable.name.startswith("backbone/") for variable in plan.not_requested)
    if idle and plan.generation == "tf1" and plan.supported:
        plan.notes.append(f"{idle} variables that the second stage has again are never used: TF1 skips them")
    if plan.od_api.hint and plan.verdict.severity != "error":
        plan.notes.append(f"for the OD API, {plan.od_api.hint}")
    _judge_frozen(plan)


def _judge_frozen(plan: RestorePlan) -> None:
    """Variables that are frozen should come from somewhere."""
    if not plan.frozen or not plan.restored:
        return
    if plan.frozen_fresh:
        plan.warnings.append(frozen_in_words(plan))
    else:
        plan.notes.append(f"{len(plan.frozen)} variables are frozen, all of them are restored")


def frozen_in_words(plan: RestorePlan) -> str:
    """What is frozen and does not come from the checkpoint."""
    fresh = plan.frozen_fresh
    text = f"{len(fresh)} of the {len(plan.frozen)} frozen variables are not restored"
    return f"{text} and keep what they start with, such as '{fresh[0].name}'"


def _verdict(plan: RestorePlan) -> Verdict:
    if not plan.supported:
        return _unknown_type(plan)
    other_types = _other_element_types(plan)
    if other_types is not None:
        return other_types
    if not plan.restored:
        return _nothing(plan)
    backbone = [variable for variable, _ in plan.restored if role(variable.name) == "backbone"]
    lost = [variable for variable, _ in plan.missing] + [mismatch[0] for mismatch in plan.shape_mismatch]
    wanted = len(backbone) + sum(role(variable.name) == "backbone" for variable in lost)
    if len(backbone) < _ENOUGH * wanted:
        return _other_backbone(plan, len(backbone), wanted)
    # From here on it is the right network.
    if not lost:
        return _as_asked(plan)
    if not plan.missing and all(role(variable.name) == "head" for variable in lost):
        return _other_heads(plan)
    if plan.generation == "tf1" and plan.restore_type == "classification" and len(backbone) == wanted:
        text = f"all {wanted} variables of the backbone are restored; a classifier has no others"
        return Verdict("backbone-only", "ok", text)
    return _partial(plan, lost)


def _unknown_type(plan: RestorePlan) -> Verdict:
    trainer = plan.generation.upper()
    text = f"the {trainer} trainer does not know fine_tune_checkpoint_type {plan.restore_type!r}"
    if plan.restore_type in restore_types(plan.network.meta_architecture, plan.generation):
        text = f"{plan.network.feature_extractor!r} has no part that a {plan.restore_type!r} checkpoint fits"
    hint = 'set fine_tune_checkpoint_type: "detection"'
    if plan.restore_type == "full":  # what TF1 has in its place
        hint += " and load_all_detection_checkpoint_vars: true"
    else:
        hint = way_out(plan) or hint
    return Verdict("would-raise", "error", text, hint)


def _other_element_types(plan: RestorePlan) -> Verdict | None:
    """Reading a tensor as another type stops either generation, unless TF1 has dropped it for its shape."""
    found = [
        (variable, entry)
        for variable, entry, want, got in plan.shape_mismatch
        if entry.dtype != variable.dtype and (want == got or plan.generation == "tf2")
    ]
    if not found:
        return None
    variable, entry = found[0]
    text = f"training would stop: {entry.key!r} is {entry.dtype} in the checkpoint and {variable.dtype} here"
    if len(found) > 1:
        text += f", and {len(found) - 1} more are of another type"
    return Verdict("would-raise", "error", text, f"take a checkpoint with values in {variable.dtype}")


def _nothing(plan: RestorePlan) -> Verdict:
    """Not one variable fits: the wrong type, or the checkpoint of another network, or of none."""
    tensors = plan.checkpoint.tensors()
    if not tensors:
        hint = "it was written before the variables existed; take a later one"
        text = "nothing is restored: the checkpoint holds no variables"
        return Verdict("nothing-restored", "error", text, hint)
    why = f"{plan.restore_type!r} looks for {_looked_for(plan)}, the checkpoint has {scopes(plan.checkpoint)}"
    if not plan.missing:
        why = f"all {plan.requested} variables have other shapes in the checkpoint"
    text = f"nothing is restored: {why}"
    return Verdict("nothing-restored", "error", text, way_out(plan) or OTHER_CHECKPOINT)


def _looked_for(plan: RestorePlan) -> str:
    keys = [key for _, key in plan.missing if key] + [entry.key for _, entry, *_ in plan.shape_mismatch]
    return f"names like {keys[0]!r}" if keys else "names that such a checkpoint never has"


def _other_backbone(plan: RestorePlan, restored: int, wanted: int) -> Verdict:
    text = f"only {restored} of {wanted} variables of the backbone are restored"
    for variable, entry, want, got in plan.shape_mismatch:
        if role(variable.name) == "backbone":
            text += f": {entry.key!r} is {list(got)} in the checkpoint and {list(want)} here"
            hint = "the checkpoint has another backbone or depth_multiplier"
            return Verdict("backbone-mismatch", "error", text, hint)
    text += f"; the checkpoint has {scopes(plan.checkpoint)}"
    return Verdict("backbone-mismatch", "error", text, way_out(plan) or OTHER_CHECKPOINT)


def _as_asked(plan: RestorePlan) -> Verdict:
    count = len(plan.restored)
    if not plan.not_requested:
        return Verdict("complete", "ok", f"all {count} variables are restored")
    left = f"the other {len(plan.not_requested)} start fresh"
    if plan.network.meta_architecture == "faster_rcnn":
        left += f": {_parts(plan)}"
    if all(role(variable.name) == "head" for variable in plan.not_requested):
        return Verdict("heads-fresh", "ok", f"all {count} variables below the heads are restored; {left}")
    return Verdict("backbone-only", "ok", f"all {count} variables of the backbone are restored; {left}")


def _parts(plan: RestorePlan) -> str:
    """What is not asked for of a detector with several kinds of heads, counted."""
    counts: dict[str, int] = {}
    for variable in plan.not_requested:
        first = variable.name.partition("/")[0]
        part = "RPN" if first == "rpn" else first if role(variable.name) == "head" else role(variable.name)
        counts[part] = counts.get(part, 0) + 1
    return ", ".join(f"{count} of the {part}" for part, count in counts.items())


def _other_heads(plan: RestorePlan) -> Verdict:
    """Only heads do not fit: expected where TF1 skips them, the end of the run where TF2 does not.

    Class heads differ with the number of classes, which is what fine-tuning is for. Box heads differ with the
    anchors per location, which is rarely meant.
    """
    text = f"{len(plan.restored)} of {plan.requested} variables are restored, "
    text += f"{len(plan.shape_mismatch)} of the heads have other shapes: {why_heads_differ(plan)}"
    if plan.generation == "tf1":
        severity = "ok" if only_classes_differ(plan) else "warning"
        return Verdict("heads-differ", severity, f"{text}; they start fresh")
    hint = 'set fine_tune_checkpoint_type: "detection", which leaves the heads out'
    return Verdict("would-raise", "error", f"training would stop: {text}", hint)


def _partial(plan: RestorePlan, lost: list[Variable]) -> Verdict:
    """The right network but for some variables, not only of the heads."""
    parts: dict[str, int] = {}
    for variable in lost:
        part = role(variable.name)
        parts[part] = parts.get(part, 0) + 1
    where = ", ".join(f"{count} of the {part}" for part, count in parts.items())
    text = f"{len(plan.restored)} of {plan.requested} variables are restored; not restored: {where}"
    if plan.shape_mismatch:
        _, entry, want, got = plan.shape_mismatch[0]
        text += f"; {entry.key!r} is {list(got)} in the checkpoint and {list(want)} here"
    if plan.generation == "tf1":
        return Verdict("partial", "warning", text, OTHER_CHECKPOINT)
    return Verdict("would-raise", "error", f"training would stop: {text}", way_out(plan) or OTHER_CHECKPOINT)
