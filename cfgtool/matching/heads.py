"""Why heads do not fit, in words: mostly another number of classes, which is what fine-tuning is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.matching.classes import checkpoint_classes, class_scores, depends_on_classes
from cfgtool.matching.ways_out import restored_by

if TYPE_CHECKING:
    from cfgtool.matching.plan import RestorePlan

_OTHER_HEADS = {
    "ssd": "another number of anchors per location, or another kind of head",
    "faster_rcnn": "another kind of head",
    "center_net": "another number of keypoints, or another kind of head",
}


def only_classes_differ(plan: RestorePlan) -> bool:
    """True if the number of classes explains every other shape of the plan."""
    network = plan.network
    scores = class_scores(network, plan.checkpoint, plan.num_classes)
    if scores is None:
        # Nothing tells the number, but a class head depends on nothing else that may differ.
        return all(variable.name.startswith("head/class/") for variable, *_ in plan.shape_mismatch)
    return all(
        depends_on_classes(network, variable, want, got, scores)
        for variable, _, want, got in plan.shape_mismatch
    )


def why_heads_differ(plan: RestorePlan) -> str:
    """What a checkpoint with other heads has that the network has not."""
    if only_classes_differ(plan):
        return classes_in_words(plan) or "another number of classes"
    if any(variable.name.startswith("rpn/") for variable, *_ in plan.shape_mismatch):
        return "another number of anchors per location in the RPN, or another RPN"
    return _OTHER_HEADS[plan.network.meta_architecture]


def classes_in_words(plan: RestorePlan) -> str | None:
    """How many classes each side has; None if it is the same number, or nothing tells."""
    scores = class_scores(plan.network, plan.checkpoint, plan.num_classes)
    if scores is None or scores.here == scores.there:
        return None
    known = None if plan.num_classes is None else checkpoint_classes(scores, plan.num_classes)
    if known is None:
        return f"{scores.there} class scores per {scores.per} in the checkpoint, {scores.here} here"
    return f"the checkpoint has {known} classes, the config {plan.num_classes}"


def about_fresh_heads(plan: RestorePlan) -> str:
    """Whether the heads that start fresh could have been restored too."""
    classes = classes_in_words(plan)
    if classes:
        return f"heads of other classes could not be restored anyway: {classes}"
    count = restored_by(plan, "full")
    if count > len(plan.restored):
        return f'the heads fit too: set fine_tune_checkpoint_type: "full", which restores {count} variables'
    if plan.generation == "tf1" and class_scores(plan.network, plan.checkpoint, plan.num_classes):
        return "the heads may fit too: load_all_detection_checkpoint_vars: true restores what fits of them"
    return "the checkpoint has no heads that fit"
