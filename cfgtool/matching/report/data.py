"""A restore plan as JSON promises it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.matching.report.fates import FATES

if TYPE_CHECKING:
    from cfgtool.checkpoints import Checkpoint
    from cfgtool.matching.plan import RestorePlan
    from cfgtool.matching.report.fates import Part, Report


def plan_as_json(report: Report) -> dict[str, object]:
    """The plan as `match --format json` promises it: variables by our names, entries by their keys."""
    plan = report.plan
    return {
        "checkpoint": checkpoint_as_json(plan.checkpoint),
        "type": plan.restore_type,
        "generation": plan.generation,
        "verified": plan.network.verified,
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
        "modules": [_module(part) for part in report.parts],
        "summary": summary_as_json(plan),
        "od_api": plan.od_api._asdict(),
        "warnings": report.warnings,
        "notes": report.notes,
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


def _module(part: Part) -> dict[str, object]:
    """A part of the network: how many of its variables meet each fate."""
    return {
        "name": part.name,
        "role": part.role,
        "verdict": part.verdict,
        "variables": part.variables,
        **{fate: part.counts.get(fate, 0) for fate in FATES},
        "frozen": part.frozen,
        "parameters": part.parameters,
        "restored_parameters": part.sizes.get("restored", 0),
    }
