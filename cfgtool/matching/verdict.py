"""What a restore plan means: is it as it should be, and if not, what to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.matching.classes import checkpoint_classes, scores_per_anchor
from cfgtool.matching.twins import twin_difference
from cfgtool.networks.roles import role

if TYPE_CHECKING:
    from cfgtool.checkpoints import Checkpoint
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
        plan.notes.append("a TF2 checkpoint for a TF1 network: matched through the names that it has in TF2")
    if plan.checkpoint.format == "tf1-name" and plan.network.generation == "tf2":
        plan.notes.append("a TF1 checkpoint for a TF2 network: matched through the names that it had in TF1")
    difference = twin_difference(plan)
    if difference:
        plan.warnings.append(difference)
    if plan.load_all and plan.generation == "tf2":
        plan.warnings.append("load_all_detection_checkpoint_vars has no meaning in TF2: delete it")
    if plan.verdict.slug == "heads-fresh":
        plan.notes.append(_about_heads(plan))


def _verdict(plan: RestorePlan) -> Verdict:
    if not plan.supported:
        return _unknown_type(plan)
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
    hint = 'set fine_tune_checkpoint_type: "detection"'
    if plan.restore_type == "full":  # what TF1 has in its place
        hint += " and load_all_detection_checkpoint_vars: true"
    else:
        hint = _way_out(plan) or hint
    return Verdict("would-raise", "error", text, hint)


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
    return Verdict("nothing-restored", "error", text, _way_out(plan) or _OTHER_CHECKPOINT)


_OTHER_CHECKPOINT = "take a checkpoint of this network"


def _looked_for(plan: RestorePlan) -> str:
    keys = [key for _, key in plan.missing if key] + [entry.key for _, entry, *_ in plan.shape_mismatch]
    return f"names like {keys[0]!r}" if keys else "names that such a checkpoint never has"


def _way_out(plan: RestorePlan) -> str | None:
    """The restore type that gets more out of this checkpoint than the plan's own, as a line of the config."""
    from cfgtool.matching.plan import RestorePlan as Plan
    from cfgtool.matching.plan import assign
    from cfgtool.matching.semantics import restore_types

    found: dict[str, int] = {}
    network = plan.network
    for restore_type in restore_types(network.meta_architecture, plan.generation, network.feature_extractor):
        other = Plan(plan.network, plan.checkpoint, restore_type, plan.generation, plan.load_all)
        assign(other)
        # TF1 takes what is there, TF2 all or nothing.
        enough = other.requested if plan.generation == "tf2" else other.requested / 2
        if len(other.restored) >= enough and len(other.restored) > len(plan.restored):
            found[restore_type] = len(other.restored)
    if not found:
        return None
    # Heads of the same shape need not be the same classes: "full" only where "detection" does not help.
    best = "detection" if "detection" in found else max(found, key=lambda name: found[name])
    return f'set fine_tune_checkpoint_type: "{best}", which restores {found[best]} variables'


def scopes(checkpoint: Checkpoint) -> str:
    """Where most of a checkpoint's variables live, in words: 'FeatureExtractor/MobilenetV1' (175)."""
    counts: dict[str, int] = {}
    for entry in checkpoint.tensors():
        parts = entry.key.split("/")
        # "model/_feature_extractor" says less than what comes after it.
        depth = 3 if parts[0] == "model" else 2
        scope = "/".join(parts[: min(depth, len(parts) - 1)]) or parts[0]
        counts[scope] = counts.get(scope, 0) + 1
    top = sorted(counts, key=lambda scope: -counts[scope])[:2]
    return " and ".join(f"{counts[scope]} under {scope!r}" for scope in top)


def _other_backbone(plan: RestorePlan, restored: int, wanted: int) -> Verdict:
    text = f"only {restored} of {wanted} variables of the backbone are restored"
    for variable, entry, want, got in plan.shape_mismatch:
        if role(variable.name) == "backbone":
            text += f": {entry.key!r} is {list(got)} in the checkpoint and {list(want)} here"
            hint = "the checkpoint has another backbone or depth_multiplier"
            return Verdict("backbone-mismatch", "error", text, hint)
    text += f"; the checkpoint has {scopes(plan.checkpoint)}"
    return Verdict("backbone-mismatch", "error", text, _way_out(plan) or _OTHER_CHECKPOINT)


def _as_asked(plan: RestorePlan) -> Verdict:
    count = len(plan.restored)
    if not plan.not_requested:
        return Verdict("complete", "ok", f"all {count} variables are restored")
    left = f"the other {len(plan.not_requested)} start fresh"
    if all(role(variable.name) == "head" for variable in plan.not_requested):
        return Verdict("heads-fresh", "ok", f"all {count} variables below the heads are restored; {left}")
    return Verdict("backbone-only", "ok", f"all {count} variables of the backbone are restored; {left}")


def _other_heads(plan: RestorePlan) -> Verdict:
    """Only heads do not fit: expected where TF1 skips them, the end of the run where TF2 does not.

    Class heads differ with the number of classes, which is what fine-tuning is for. Box heads differ with the
    anchors per location, which is rarely meant.
    """
    text = f"{len(plan.restored)} of {plan.requested} variables are restored, "
    text += f"{len(plan.shape_mismatch)} of the heads have other shapes: {_why_heads_differ(plan)}"
    if plan.generation == "tf1":
        severity = "ok" if _only_classes_differ(plan) else "warning"
        return Verdict("heads-differ", severity, f"{text}; they start fresh")
    hint = 'set fine_tune_checkpoint_type: "detection", which leaves the heads out'
    return Verdict("would-raise", "error", f"training would stop: {text}", hint)


def _only_classes_differ(plan: RestorePlan) -> bool:
    return all(variable.name.startswith("head/class") for variable, *_ in plan.shape_mismatch)


def _why_heads_differ(plan: RestorePlan) -> str:
    if not _only_classes_differ(plan):
        return "another number of anchors per location, or another kind of head"
    return _classes(plan) or "another number of classes"


def _classes(plan: RestorePlan) -> str | None:
    """How many classes each side has, in words; None if it is the same number, or nothing tells."""
    scores = scores_per_anchor(plan.network, plan.checkpoint)
    if scores is None or scores[0] == scores[1]:
        return None
    known = None if plan.num_classes is None else checkpoint_classes(scores, plan.num_classes)
    if known is None:
        return f"{scores[1]} class scores per anchor in the checkpoint, {scores[0]} here"
    return f"the checkpoint has {known} classes, the config {plan.num_classes}"


def _about_heads(plan: RestorePlan) -> str:
    """Whether the heads that start fresh could have been restored too."""
    classes = _classes(plan)
    if classes:
        return f"heads of other classes could not be restored anyway: {classes}"
    more = _way_out(plan)
    if more and "full" in more:
        return f"the heads fit too: {more}"
    if plan.generation == "tf1" and scores_per_anchor(plan.network, plan.checkpoint):
        return "the heads may fit too: load_all_detection_checkpoint_vars: true restores what fits of them"
    return "the checkpoint has no heads that fit"


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
        return Verdict("partial", "warning", text, _OTHER_CHECKPOINT)
    return Verdict(
        "would-raise", "error", f"training would stop: {text}", _way_out(plan) or _OTHER_CHECKPOINT
    )
