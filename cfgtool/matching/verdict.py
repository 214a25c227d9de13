"""What a restore plan means: is it as intended, and if not, what to change."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.checkpoints import Checkpoint, Entry
    from cfgtool.matching.plan import RestorePlan
    from cfgtool.networks import Variable

_ROOTS = {
    "detection": ("model/", "FeatureExtractor/", "FirstStageFeatureExtractor/"),
    "classification": ("feature_extractor/", "MobilenetV1/", "MobilenetV2/"),
}


class Verdict:
    """One judgement: `slug`, `severity` ("ok", "info", "warning", "error"), a sentence, and the way out where one exists."""

    __slots__ = ("hint", "severity", "slug", "text")

    def __init__(self, slug: str, severity: str, text: str, hint: str | None = None) -> None:
        self.slug = slug
        self.severity = severity
        self.text = text
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.text}; {self.hint}" if self.hint else self.text


def judge(plan: RestorePlan) -> Verdict:
    """Whether training could start from this as intended.

    An error is what training must not start from: nothing of the backbone restored, a part of it missing, or a `full`
    restore into other shapes.
    """
    backbone = _count(plan, "backbone/")
    if not plan.restored or backbone[0] == 0:
        return _nothing(plan)
    if backbone[0] < backbone[1]:
        return _partial_backbone(plan, *backbone)
    heads = [variable for variable, _ in plan.shape_mismatch if variable.name.startswith("head/")]
    if plan.shape_mismatch and len(heads) == len(plan.shape_mismatch):
        return _other_heads(plan)
    if plan.shape_mismatch or plan.missing:
        return _incomplete(plan)
    if plan.not_requested:
        left = len(plan.not_requested)
        text = f"all {len(plan.restored)} requested variables are restored; the other {left} start fresh, as asked"
        return Verdict("as-requested", "ok", text)
    return Verdict("complete", "ok", f"all {len(plan.restored)} variables are restored")


def _count(plan: RestorePlan, role: str) -> tuple[int, int]:
    """(restored, all) variables whose name starts with `role`."""
    total = sum(variable.name.startswith(role) for variable in plan.network.variables)
    return sum(variable.name.startswith(role) for variable, _ in plan.restored), total


def _nothing(plan: RestorePlan) -> Verdict:
    """No variable of the backbone comes from the checkpoint: the wrong type, or another network's checkpoint."""
    checkpoint = plan.checkpoint
    kind = checkpoint_kind(checkpoint)
    asked = "classification" if plan.restore_type == "classification" else "detection"
    if kind and kind != asked:
        text = f"nothing is restored: the checkpoint is one of a {_KIND[kind]}, and type {plan.restore_type!r} looks for other names"
        return Verdict("nothing-restored", "error", text, f'set fine_tune_checkpoint_type: "{kind}"')
    if not checkpoint.tensors():
        return Verdict(
            "nothing-restored",
            "error",
            "nothing is restored: the checkpoint holds no weights",
            "the OD API writes such a file at step 0; take a later one",
        )
    text = f"nothing of the backbone is restored: the checkpoint is of another network than {plan.network.feature_extractor!r}"
    example = checkpoint.tensors()[0].key
    return Verdict("nothing-restored", "error", text, f"its variables are named like {example!r}")


_KIND = {"detection": "detector", "classification": "classifier"}


def checkpoint_kind(checkpoint: Checkpoint) -> str | None:
    """"detection" or "classification" by the roots of the names, None if they tell neither."""
    for kind, roots in _ROOTS.items():
        if any(entry.key.startswith(roots) for entry in checkpoint.tensors()):
            return kind
    return None


def _partial_backbone(plan: RestorePlan, restored: int, total: int) -> Verdict:
    mismatched = [pair for pair in plan.shape_mismatch if pair[0].name.startswith("backbone/")]
    text = f"only {restored} of {total} backbone variables are restored"
    hint = "take the checkpoint of this very network"
    if mismatched:
        variable, entry = mismatched[0]
        text += f": {variable.name} is {list(variable.shape)} here and {list(entry.shape)} in the checkpoint"
        hint = "depth_multiplier, min_depth and the extractor type must be those of the checkpoint"
    return Verdict("backbone-differs", "error", text, hint)


def _other_heads(plan: RestorePlan) -> Verdict:
    count = len(plan.shape_mismatch)
    why = heads_differ_because(plan.shape_mismatch, plan.checkpoint)
    text = f"{len(plan.restored)} variables are restored; {count} of the head have other shapes ({why})"
    if plan.generation == "tf2":
        hint = 'set fine_tune_checkpoint_type: "detection", which leaves the whole head fresh'
        return Verdict("heads-differ", "error", text + " and type 'full' cannot leave them out", hint)
    return Verdict("heads-differ", "info", text + " and start fresh, as they must")


def heads_differ_because(pairs: list[tuple[Variable, Entry]], checkpoint: Checkpoint) -> str:
    """"the checkpoint has 90 classes, ..." where the shapes tell, for the head's mismatches."""
    classes = [(variable, entry) for variable, entry in pairs if "head/class" in variable.name]
    if len(classes) < len(pairs):
        return "the number of anchors per location, or the kind of head, is another"
    for variable, entry in classes:
        anchors = _anchors_per_location(entry, checkpoint)
        if anchors and variable.name.endswith("/bias") and not entry.shape[0] % anchors:
            want, got = variable.shape[0] // anchors, entry.shape[0] // anchors
            return f"class scores per anchor: {got} in the checkpoint, {want} here; num_classes differs"
    return "num_classes differs"


def _anchors_per_location(entry: Entry, checkpoint: Checkpoint) -> int | None:
    """Of the class head whose bias `entry` is: its twin, the box head, has four numbers per anchor."""
    for old, new in (
        ("_prediction_heads/class_predictions_with_background/_class_predictor_layers", "_box_prediction_head/_box_encoder_layers"),
        ("class_predictions_with_background", "box_encodings"),
        ("ClassPredictor", "BoxEncodingPredictor"),
        ("ClassPredictor", "BoxPredictor"),
    ):
        name = entry.key.replace(old, new).replace("_class_predictor_layers", "_box_encoder_layers")
        twin = checkpoint.entries.get(name)
        if name != entry.key and twin is not None and twin.shape and not twin.shape[0] % 4:
            return twin.shape[0] // 4
    return None


def _incomplete(plan: RestorePlan) -> Verdict:
    """The backbone is complete, parts of neck or head are not."""
    lost = [variable for variable, _ in (*plan.missing, *plan.shape_mismatch)]
    text = f"the backbone and {len(plan.restored)} variables in all are restored; {len(lost)} more are not: {_roles(lost)}"
    if plan.restore_type == "classification":
        return Verdict("backbone-only", "ok", text + ", which a classifier does not have")
    if plan.generation == "tf1":
        return Verdict("incomplete", "warning", text + " and start fresh")
    return Verdict("incomplete", "error", text, "take the checkpoint of this very network, or type 'classification'")


def _roles(variables: list[Variable]) -> str:
    counts: dict[str, int] = {}
    for variable in variables:
        role = variable.name.partition("/")[0]
        counts[role] = counts.get(role, 0) + 1
    return ", ".join(f"{count} of the {role}" for role, count in counts.items())


def od_api_outcome(plan: RestorePlan) -> Verdict:
    """What the OD API's own trainer of that generation would do with this checkpoint and type."""
    if plan.generation == "tf1":
        if plan.checkpoint.format == "tf2-object":
            return Verdict("starts-fresh", "error", "TF1 finds none of its names and trains from scratch without an error")
        lost = len(plan.missing) + len(plan.shape_mismatch)
        text = f"restores {len(plan.restored)} variables" + (f" and warns about {lost}" if lost else "")
        return Verdict("restores", "ok" if plan.restored else "error", text)
    if plan.checkpoint.format == "tf1-name":
        return Verdict("raises", "error", "IOError: checkpoint is expected to be an object-based checkpoint")
    if plan.restore_type == "detection" and checkpoint_kind(plan.checkpoint) == "classification":
        return Verdict("raises", "error", "RuntimeError: the checkpoint's variables start with feature_extractor")
    if plan.missing:
        return Verdict("raises", "error", f"AssertionError: found {len(plan.missing)} Python objects not bound to checkpointed values")
    if plan.shape_mismatch:
        variable, entry = plan.shape_mismatch[0]
        shapes = f"{entry.shape} when restoring a variable with shape {variable.shape}"
        return Verdict("raises", "error", f"ValueError: received incompatible tensor with shape {shapes}")
    return Verdict("restores", "ok", f"restores {len(plan.restored)} variables")


def translation_warning(plan: RestorePlan) -> str | None:
    """Where weights of one generation mean something else in the other.

    Plain SSD MobileNet computes the same in both. With a feature pyramid the wiring differs: TF1 hands the sum down to
    the next level, TF2 the smoothed map, so weights fit by name and shape and give other predictions.
    """
    crossing = (plan.checkpoint.format == "tf2-object") != (plan.network.generation == "tf2")
    if not crossing or not plan.restored or "fpn" not in plan.network.feature_extractor:
        return None
    return (
        "weights of the other generation fit by name and shape, but its feature pyramid is wired differently:"
        " predictions differ until it is trained again"
    )
