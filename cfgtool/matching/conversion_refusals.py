"""When a checkpoint is not converted: something is missing, or the result would not mean the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.matching.heads import classes_in_words, only_classes_differ
from cfgtool.matching.ways_out import OTHER_CHECKPOINT, scopes

if TYPE_CHECKING:
    from cfgtool.matching.conversion import Conversion


def refuse_conversion(conversion: Conversion, *, partial: bool, accept_differences: bool) -> None:
    """Raise UserError if the new checkpoint would not be whole, or compute something else.

    `partial`: variables without a value are left out. `accept_differences`: it may compute something else.
    """
    plan = conversion.plan
    path = plan.checkpoint.path
    if not conversion.copies:
        raise UserError(_nothing(conversion), path=path, hint=OTHER_CHECKPOINT)
    if conversion.averaged and not conversion.averages:
        raise UserError("has no moving averages", path=path, hint="leave --ema out to take the weights")
    if plan.shape_mismatch and not partial:
        _, entry, want, got = plan.shape_mismatch[0]
        count = len(plan.shape_mismatch)
        what = f"{count} variable{' has' if count == 1 else 's have'} another shape: {entry.key!r} is {list(got)} in the"
        what += f" checkpoint and {list(want)} in the network"
        raise UserError(what, path=path, hint=f"{_why_shapes_differ(conversion)}; --partial leaves them out")
    if plan.missing and not partial:
        variable, key = plan.missing[0]
        count = len(plan.missing)
        verb = "is" if count == 1 else "are"
        what = f"{count} of {plan.requested} variables of the network {verb} not in it, such as"
        hint = f"{OTHER_CHECKPOINT}; --partial writes what is there"
        raise UserError(f"{what} {key or variable.name!r}", path=path, hint=hint)
    if conversion.differences and not accept_differences:
        raise UserError(_unequal(conversion), path=path, hint=_stay(conversion))


def _nothing(conversion: Conversion) -> str:
    plan = conversion.plan
    if plan.shape_mismatch:
        return f"all {len(plan.shape_mismatch)} variables of the network have other shapes in it"
    tensors = plan.checkpoint.tensors()
    has = scopes(plan.checkpoint) if tensors else "no variables"
    return f"none of the {plan.requested} variables of the network is in it: it has {has}"


def _why_shapes_differ(conversion: Conversion) -> str:
    """What is behind the other shapes, and the way out."""
    plan = conversion.plan
    if only_classes_differ(plan):
        classes = classes_in_words(plan) or "another number of classes"
        return f"{classes}: give the config that it was trained with"
    if _other_widths(conversion):
        other, own = ("TF1", "TF2") if plan.generation == "tf2" else ("TF2", "TF1")
        return (
            f"this network has other widths in {own} than in {other}, so no checkpoint of one fits the other"
        )
    return "give the config that it was trained with"


def _other_widths(conversion: Conversion) -> bool:
    """True if the checkpoint fits the network as its own generation builds it."""
    shapes = (
        {variable.name: variable.shape for variable in conversion.twin.variables} if conversion.twin else {}
    )
    own = [shapes.get(variable.name) == got for variable, _, _, got in conversion.plan.shape_mismatch]
    return sum(own) > len(own) / 2  # heads of other classes may be among them


def _unequal(conversion: Conversion) -> str:
    network = conversion.network
    what = "; ".join(difference.what for difference in conversion.differences)
    where = network.generation.upper()
    return f"the values fit, but {network.feature_extractor!r} computes something else with them in {where}: {what}"


def _stay(conversion: Conversion) -> str:
    """The ways out where the two networks are not the same."""
    accept = "--accept-differences converts it all the same, as a start for training"
    if conversion.network.generation == "tf2":
        type_ = conversion.network.feature_extractor.removesuffix("_keras")
        return f"{accept}; it keeps its predictions where cfgtool trains or evaluates it as {type_!r}"
    return f"{accept}, or if cfgtool trained it with the type of TF1"
