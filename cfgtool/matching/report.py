"""A restore plan as text for people and as JSON for programs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cfgtool.matching.recommend import type_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cfgtool.checkpoints import Checkpoint, Entry
    from cfgtool.matching.plan import RestorePlan
    from cfgtool.networks.variables import Variable

_CONTAINERS = {
    "bundle": "",
    "v1": ", one file (V1)",
    "saved_model": ", SavedModel",
    "frozen_graph": ", frozen graph",
}
_MOST_LINES = 24
"""Longer lists are cut; the JSON form has everything."""


def plan_as_json(plan: RestorePlan, notes: Iterable[str] = ()) -> dict[str, object]:
    """The plan as `match --format json` promises it: variables by our names, entries by their keys."""
    return {
        "checkpoint": checkpoint_as_json(plan.checkpoint),
        "type": plan.restore_type,
        "generation": plan.generation,
        "restored": [
            {"variable": variable.name, "key": entry.key, "shape": list(variable.shape)}
            for variable, entry in plan.restored
        ],
        "shape_mismatch": [
            {
                "variable": variable.name,
                "key": entry.key,
                "want": list(want),
                "got": list(got),
            }
            for variable, entry, want, got in plan.shape_mismatch
        ],
        "missing": [
            {"variable": variable.name, "key": key, "shape": list(variable.shape)}
            for variable, key in plan.missing
        ],
        "not_requested": [variable.name for variable in plan.not_requested],
        "unused": [entry.key for entry in plan.unused],
        "bookkeeping": plan.bookkeeping,
        "summary": summary_as_json(plan),
        "od_api": plan.od_api._asdict(),
        "warnings": list(plan.warnings),
        "notes": [*notes, *plan.notes],
    }


def checkpoint_as_json(checkpoint: Checkpoint) -> dict[str, object]:
    """What identifies a checkpoint."""
    return {
        "path": checkpoint.path,
        "container": checkpoint.container,
        "format": checkpoint.format,
        "entries": len(checkpoint.entries),
        "step": checkpoint.step,
        "has_data": checkpoint.has_data,
    }


def summary_as_json(plan: RestorePlan) -> dict[str, object]:
    """The numbers of a plan and its verdict."""
    return {
        "variables": len(plan.network.variables),
        "parameters": plan.network.parameters,
        "requested_variables": plan.requested,
        "restored_variables": len(plan.restored),
        "restored_parameters": plan.restored_parameters,
        "verdict": plan.verdict.slug,
        "severity": plan.verdict.severity,
        "text": plan.verdict.text,
        "hint": plan.verdict.hint,
    }


def plan_as_text(plan: RestorePlan, notes: Iterable[str] = ()) -> Iterator[str]:
    """The plan line by line: the verdict, what was compared, then what is restored and what is not."""
    yield f"{plan.verdict.severity}: {plan.verdict.text}"
    if plan.verdict.hint:
        yield f"  {plan.verdict.hint}"
    generation = plan.generation.upper()
    yield f"  the OD API ({generation}) {od_api_in_words(plan)}"
    yield ""
    network = plan.network
    yield (
        f"network     {network.feature_extractor} ({generation}): {len(network.variables)} variables,"
        f" {network.parameters:,} parameters"
    )
    yield f"checkpoint  {checkpoint_line(plan.checkpoint)}"
    yield f"type        {plan.restore_type}" + (
        " with load_all_detection_checkpoint_vars" if plan.load_all else ""
    )
    for warning in plan.warnings:
        yield f"warning     {printable(warning)}"
    for note in (*notes, *plan.notes):
        yield f"note        {printable(note)}"
    yield ""
    yield from _table(plan)
    yield from _mismatches(plan)
    yield from _missing(plan)
    yield from _unused(plan)


def checkpoint_line(checkpoint: Checkpoint) -> str:
    """The checkpoint in one line."""
    kind = {"tf2-object": "object-based, TF2", "tf1-name": "name-based, TF1"}[checkpoint.format]
    kind += _CONTAINERS[checkpoint.container]
    word = "step" if checkpoint.format == "tf1-name" else "number"
    step = f", {word} {checkpoint.step}" if checkpoint.step is not None else ""
    line = f"{printable(checkpoint.path)} ({kind}): {len(checkpoint.entries)} entries{step}"
    if not checkpoint.has_data:
        line += "; index only: the data files are not there, training could not start"
    return line


def od_api_in_words(plan: RestorePlan) -> str:
    """What the OD API's trainer would do, as the end of a sentence."""
    outcome = plan.od_api
    if outcome.outcome == "raises":
        return f"raises {outcome.exception}: {printable(outcome.text or '')}"
    if outcome.outcome != "ok":
        return "was not observed with such a path"
    if not outcome.restored:
        return "restores nothing and trains from scratch, without an error"
    if plan.generation == "tf1" and len(plan.restored) < plan.requested:
        return f"restores {outcome.restored} variables and warns about the others"
    return f"restores {outcome.restored} variables"


def _table(plan: RestorePlan) -> Iterator[str]:
    """Counts per part of the network."""
    columns = ("variables", "restored", "other shape", "missing", "not requested")
    rows: dict[str, list[int]] = {}
    for variable in plan.network.variables:
        rows.setdefault(_role(variable), [0] * len(columns))[0] += 1
    groups: tuple[Iterable[Variable], ...] = (
        (variable for variable, _ in plan.restored),
        (variable for variable, *_ in plan.shape_mismatch),
        (variable for variable, _ in plan.missing),
        plan.not_requested,
    )
    for column, group in enumerate(groups, 1):
        for variable in group:
            rows[_role(variable)][column] += 1
    total = [sum(row[column] for row in rows.values()) for column in range(5)]
    kept = [column for column in range(5) if column < 2 or total[column]]
    yield " " * 12 + "  ".join(columns[column] for column in kept)
    for name, row in (*rows.items(), ("all", total)):
        cells = (f"{row[column] or '-':>{len(columns[column])}}" for column in kept)
        yield f"{name:<12}" + "  ".join(cells)
    yield (
        f"{plan.restored_parameters:,} of {plan.network.parameters:,} parameters come from the checkpoint,"
        f" {plan.percent:.0f} % of the requested variables"
    )


def _mismatches(plan: RestorePlan) -> Iterator[str]:
    if not plan.shape_mismatch:
        return
    yield f"\nother shapes ({len(plan.shape_mismatch)}): here, in the checkpoint"
    width = max(len(str(list(want))) for _, _, want, _ in plan.shape_mismatch)
    items = []
    for variable, entry, want, got in plan.shape_mismatch:
        there = str(list(got)) + (f" {entry.dtype}" if entry.dtype != variable.dtype else "")
        items.append((variable.name, f"{list(want)!s:<{width}}  {there}"))
    yield from _cut(fold(items))


def _missing(plan: RestorePlan) -> Iterator[str]:
    """The missing variables; parts of the network of which all are missing in one line."""
    if not plan.missing:
        return
    yield f"\nmissing ({len(plan.missing)})"
    whole = Counter(_role(variable) for variable in plan.network.variables)
    lost = Counter(_role(variable) for variable, _ in plan.missing)
    gone = [role for role in lost if lost[role] == whole[role]]
    for role in gone:
        yield f"  {role}/: all {lost[role]} variables"
    rest = [
        (variable.name, str(list(variable.shape)))
        for variable, _ in plan.missing
        if _role(variable) not in gone
    ]
    yield from _cut(fold(rest))
    variable, key = plan.missing[0]
    if key:
        yield f"  {variable.name} was looked for as {key!r}"
    else:
        yield f"  {variable.name} has no name in such a checkpoint"


def _unused(plan: RestorePlan) -> Iterator[str]:
    yield ""
    if plan.unused:
        yield f"unused entries ({len(plan.unused)})"
        parts = Counter(_part(entry) for entry in plan.unused)
        yield from _cut([f"  {printable(part)}/: {count}" for part, count in parts.items()])
    yield f"bookkeeping entries (optimizer, averages, counters): {plan.bookkeeping}"


def _part(entry: Entry) -> str:
    """The part of a network that an entry's key names: its first steps, without the name of the variable."""
    return "/".join(entry.key.split("/")[:-1][:2]) or entry.key


def _role(variable: Variable) -> str:
    """`backbone`, `neck` or `head`."""
    return variable.name.partition("/")[0]


def fold(items: list[tuple[str, str]]) -> list[str]:
    """Lines for (name, text) pairs; neighbours of one module and text share a line: `module/{gamma,beta}`."""
    groups: list[tuple[str, list[str], str]] = []
    for name, text in items:
        module, _, leaf = name.rpartition("/")
        if groups and groups[-1][0] == module and groups[-1][2] == text:
            groups[-1][1].append(leaf)
        else:
            groups.append((module, [leaf], text))
    names = [f"{module}/{_braced(leaves)}" if module else _braced(leaves) for module, leaves, _ in groups]
    prefix = _common_folder([module for module, _, _ in groups]) if len(groups) > 2 else ""
    names = [name[len(prefix) :] for name in names]
    width = max(map(len, names), default=0)
    lines = [f"  {name:<{width}}  {text}" for name, (_, _, text) in zip(names, groups, strict=True)]
    return [f"  {prefix}", *(f"  {line}" for line in lines)] if prefix else lines


def _braced(leaves: list[str]) -> str:
    return leaves[0] if len(leaves) == 1 else "{" + ",".join(leaves) + "}"


def _common_folder(modules: list[str]) -> str:
    """The path that all modules are in, with its slash; empty without one."""
    first, last = min(modules).split("/"), max(modules).split("/")
    count = 0
    while count < min(len(first), len(last)) and first[count] == last[count]:
        count += 1
    return "/".join(first[:count]) + "/" if count else ""


def _cut(lines: list[str]) -> Iterator[str]:
    yield from lines[:_MOST_LINES]
    if len(lines) > _MOST_LINES:
        yield f"  ... and {len(lines) - _MOST_LINES} lines more (--format json has all)"


def types_as_text(plans: list[RestorePlan], best: RestorePlan | None) -> Iterator[str]:
    """A line per restore type, and which of them to take."""
    width = max(len(type_name(plan)) for plan in plans)
    yield f"{'type':<{width}}  restored  other shape  missing  verdict"
    for plan in plans:
        counts = f"{len(plan.restored):>8}  {len(plan.shape_mismatch):>11}  {len(plan.missing):>7}"
        yield f"{type_name(plan):<{width}}  {counts}  {plan.verdict.severity}: {plan.verdict.text}"
        yield f"{'':<{width}}{'':34}the OD API ({plan.generation.upper()}) {od_api_in_words(plan)}"
    yield ""
    if best is None:
        yield "recommended: none of them; take another checkpoint"
    else:
        more = "\n             load_all_detection_checkpoint_vars: true" if best.load_all else ""
        yield f'recommended: fine_tune_checkpoint_type: "{best.restore_type}"{more}'


def printable(text: str) -> str:
    """Text from a file made fit for a terminal: control characters are escaped."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
