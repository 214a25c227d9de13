"""What to change where a checkpoint is not restored as it could be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.checkpoints import Checkpoint
    from cfgtool.matching.plan import RestorePlan

OTHER_CHECKPOINT = "take a checkpoint of this network"

_MOST = 0.9
"""The share of the variables that must be found under another root for the root to be all that is wrong."""


def way_out(plan: RestorePlan) -> str | None:
    """What gets more out of this checkpoint than the plan does; None if nothing is known to."""
    better = better_type(plan)
    if better is not None:
        restore_type, count = better
        return f'set fine_tune_checkpoint_type: "{restore_type}", which restores {count} variables'
    return _other_root(plan)


def better_type(plan: RestorePlan) -> tuple[str, int] | None:
    """The restore type that gets more out of the checkpoint than the plan's own, and how many variables."""
    from cfgtool.matching.semantics import restore_types

    network = plan.network
    types = restore_types(network.meta_architecture, plan.generation, network.feature_extractor)
    found: dict[str, int] = {}
    for restore_type in types:
        count = 0 if restore_type == plan.restore_type else restored_by(plan, restore_type)
        if count > len(plan.restored):
            found[restore_type] = count
    if not found:
        return None
    # Heads of the same shape need not be the same classes: "full" only where "detection" does not help.
    best = "detection" if "detection" in found else max(found, key=lambda name: found[name])
    return best, found[best]


def restored_by(plan: RestorePlan, restore_type: str) -> int:
    """How many variables another restore type gets out of the checkpoint; 0 if it is not meant for it."""
    from cfgtool.matching.plan import RestorePlan as Plan
    from cfgtool.matching.plan import assign_variables

    other = Plan(plan.network, plan.checkpoint, restore_type, plan.generation, plan.load_all)
    assign_variables(other)
    # TF1 takes what is there, TF2 all or nothing.
    enough = other.requested if plan.generation == "tf2" else other.requested / 2
    return len(other.restored) if len(other.restored) >= enough else 0


def _other_root(plan: RestorePlan) -> str | None:
    """A TF2 checkpoint of the right object under another name than the OD API gives it."""
    if plan.checkpoint.format != "tf2-object":
        return None
    keys = [key for _, key in plan.missing if key]
    if not keys:
        return None
    wanted = keys[0].partition("/")[0]
    entries = plan.checkpoint.entries
    for root in dict.fromkeys(entry.key.partition("/")[0] for entry in plan.checkpoint.tensors()):
        found = sum(root + key[len(wanted) :] in entries for key in keys)
        if root != wanted and found >= _MOST * len(keys):
            written = f"it was saved under {root!r}, and {plan.restore_type!r} looks under {wanted!r}"
            return f"{written}: save it again as tf.train.Checkpoint({wanted}=...)"
    return None


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
