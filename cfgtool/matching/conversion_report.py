"""A conversion as text for people and as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.checkpoints.names import OBJECT_GRAPH, SAVE_COUNTER
from cfgtool.matching.conversion import STEP
from cfgtool.matching.report import checkpoint_line, printable
from cfgtool.matching.report.data import checkpoint_as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cfgtool.checkpoints.writer import Written
    from cfgtool.matching.conversion import Conversion

_SHOWN = 3


def conversion_as_json(conversion: Conversion, written: Written | None) -> dict[str, object]:
    """The conversion as `checkpoint convert --format json` promises it; `written` is None if nothing was."""
    plan = conversion.plan
    return {
        "checkpoint": checkpoint_as_json(conversion.checkpoint),
        "network": conversion.network.feature_extractor,
        "to": conversion.network.generation,
        "converted": [
            {"variable": copy.variable.name, "key": copy.key, "from": copy.entry.key}
            for copy in conversion.copies
        ],
        "averages": conversion.averages,
        "averages_taken": conversion.averaged,
        "step": conversion.step is not None,
        "shape_mismatch": [
            {"variable": variable.name, "key": entry.key, "want": list(want), "got": list(got)}
            for variable, entry, want, got in plan.shape_mismatch
        ],
        "missing": [variable.name for variable, _ in plan.missing],
        "unused": [entry.key for entry in plan.unused],
        "bookkeeping": plan.bookkeeping,
        "differences": [difference._asdict() for difference in conversion.differences],
        "written": written and written._asdict(),
    }


def conversion_as_text(conversion: Conversion, written: Written | None) -> Iterator[str]:
    """What became of everything, line by line."""
    plan, network = conversion.plan, conversion.network
    where = network.generation.upper()
    yield f"checkpoint  {checkpoint_line(conversion.checkpoint)}"
    yield f"network     {network.feature_extractor}, as {where} names it"
    copies = conversion.copies
    values = sum(copy.variable.size for copy in copies)
    total = len(copies) + len(plan.missing) + len(plan.shape_mismatch)
    yield f"converted   {len(copies)} of {total} variables, {values:,} values"
    if conversion.averages:
        taken = (
            "taken in their place"
            if conversion.averaged
            else "left: --ema takes them in place of the weights"
        )
        yield f"averages    of {conversion.averages} variables, {taken}"
    if conversion.step is not None:
        yield f"step        {conversion.step.key!r} is kept as {STEP[network.generation]!r}"
    if plan.shape_mismatch:
        names = _some(variable.name for variable, *_ in plan.shape_mismatch)
        yield f"other shape {len(plan.shape_mismatch)} variables: {names}"
    if plan.missing:
        names = _some(variable.name for variable, _ in plan.missing)
        yield f"missing     {len(plan.missing)} variables: {names}"
    if plan.unused:
        keys = _some(entry.key for entry in plan.unused)
        yield f"left        what the network does not have ({len(plan.unused)}): {keys}"
    bookkeeping = _bookkeeping(conversion)
    if bookkeeping:
        yield f"left        what the run that wrote it kept ({bookkeeping}): optimizer, averages, counters"
    for difference in conversion.differences:
        yield f"warning     {where} computes something else with these values: {difference.what}"
    for note in conversion.checkpoint.notes:
        yield f"note        {printable(note)}"
    yield from written_lines(written)


def written_lines(written: Written | None) -> Iterator[str]:
    """Which files there are now."""
    if written is None:
        yield "written     nothing: --dry-run"
        return
    yield f"written     {printable(written.index_file)} and {written.value_bytes:,} bytes of values"
    if written.state_file is None:
        yield "note        the state file of the folder stays as it is: it may name another checkpoint"


def _bookkeeping(conversion: Conversion) -> int:
    """How many of the bookkeeping entries do not go along; an object graph and its counter are made anew."""
    taken = conversion.averages if conversion.averaged else 0
    own = sum(key in conversion.checkpoint.entries for key in (OBJECT_GRAPH, SAVE_COUNTER))
    return conversion.plan.bookkeeping - taken - own - (conversion.step is not None)


def _some(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    listed = [printable(name) for name in names]
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
