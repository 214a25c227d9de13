"""What several rules about the start checkpoint share: where it is, and what it would restore."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.files import is_file
from cfgtool.networks.roles import role

if TYPE_CHECKING:
    from cfgtool.checkpoints.locate import Location
    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Fix
    from cfgtool.matching import RestorePlan
    from cfgtool.schema import Config, Entry

DETECTOR_MARKS = ("_coco17_", "_coco_20", "_coco_11_", "_coco14_")
"""Parts of the names of the published detectors' folders."""


def start_of(context: Context, config: Config) -> tuple[Entry, str] | None:
    """(entry, value) of a start checkpoint that may be on this machine; None for placeholders and URLs."""
    entry, name = config.entry("fine_tune_checkpoint"), config.text("fine_tune_checkpoint")
    return (entry, name) if entry is not None and context.looks_at(name) else None


def resolve(context: Context, name: str) -> Location | UserError:
    """Where the checkpoint `name` is, from the current folder or beside the config, or why it is nowhere."""
    # In a box, since the type checker joins the two types to object.
    box = context.once("place of the checkpoint", name, lambda: (_resolved(context, name),))
    assert box is not None
    return box[0]


def _resolved(context: Context, name: str) -> Location | UserError:
    from cfgtool.checkpoints.locate import Location, resolve_checkpoint

    name = context.remapped(name)
    # Where it is spelled exactly, nobody needs to look around in the other folder.
    for folder in context.folders(name):
        try:
            if is_file(os.path.join(folder, f"{name}.index")):
                return Location(os.path.join(folder, name))
        except UserError as error:  # elsewhere, and not to be reached
            return error
    first: UserError | None = None
    for folder in context.folders(name):
        try:
            found = resolve_checkpoint(os.path.join(folder, name))
            if found.kind == "checkpoint":
                return found
            raise _no_checkpoint(found)
        except UserError as error:
            if first is None or "did you mean" in (error.hint or "") or "near it" in (error.hint or ""):
                first = error
    assert first is not None
    return first


def _no_checkpoint(found: Location) -> UserError:
    """What to say of weights that cfgtool reads and the OD API does not."""
    from cfgtool.checkpoints.nearby import prefixes

    if found.kind == "saved_model":
        inside = "" if found.prefix.endswith(".pb") else f"its variables are in {found.prefix!r}"
        return UserError("is a SavedModel, which the OD API does not start from", hint=inside or None)
    beside = prefixes(os.path.dirname(found.prefix))
    hint = f"near it is {beside[0]!r}" if len(beside) == 1 else None
    return UserError("is a frozen graph, which the OD API does not start from", hint=hint)


def as_written(context: Context, name: str, prefix: str) -> str:
    """`prefix`, found in the place of `name`, as the config would write it: beside it if `name` is relative."""
    for folder in context.folders():
        if folder and prefix.startswith(os.path.join(folder, "")) and not os.path.isabs(name):
            return os.path.relpath(prefix, folder)
    here = context.remapped(name)
    if here != name and prefix.startswith(here):
        return name + prefix[len(here) :]
    return prefix


def plan_of(context: Context, config: Config) -> RestorePlan | None:
    """The restore plan where the checkpoint is there, its spelling is exact, and its type is known."""
    start = start_of(context, config)
    if start is None or context.locate(start[1], ".index") is None:
        return None
    plan = context.restore_plan()
    return plan if plan is not None and plan.supported else None


def better_type(plan: RestorePlan) -> str | None:
    """The restore type that the verdict recommends."""
    _, mark, rest = (plan.verdict.hint or "").partition('fine_tune_checkpoint_type: "')
    return rest.partition('"')[0] if mark else None


def type_fix(context: Context, config: Config, wanted: str, applicability: str = "unsafe") -> Fix | None:
    """The fix that makes `wanted` the restore type."""
    entry = config.entry("fine_tune_checkpoint_type")
    if entry is None:
        start = config.entry("fine_tune_checkpoint")
        return context.insert_fix(
            config, f'fine_tune_checkpoint_type: "{wanted}"', applicability, before=start
        )
    return context.fix(f"write '{wanted}'", applicability, [context.replace(entry, f'"{wanted}"')])


def type_place(config: Config) -> Entry | Config:
    """Where the restore type is said, or else the checkpoint."""
    return config.entry("fine_tune_checkpoint_type") or config.entry("fine_tune_checkpoint") or config


def heads_differ(plan: RestorePlan) -> bool:
    """True if all that does not fit is heads of other shapes."""
    mismatched = [variable for variable, *_ in plan.shape_mismatch]
    return bool(mismatched) and not plan.missing and all(role(v.name) == "head" for v in mismatched)
