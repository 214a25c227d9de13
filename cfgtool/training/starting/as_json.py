"""The start page as a JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfgtool.matching.report.fates import Report
from cfgtool.training.run.schedules import build_schedule
from cfgtool.training.starting.learning_rates import marks
from cfgtool.training.starting.model_dir import free_bytes
from cfgtool.training.starting.page import augmentation_steps, fields_by_use, severities, steps_per_epoch
from cfgtool.training.starting.plan import learning_rate_config

if TYPE_CHECKING:
    from cfgtool.training.run.job import Job
    from cfgtool.training.run.options import TrainOptions
    from cfgtool.training.starting.data_found import DataFound
    from cfgtool.training.starting.plan import Start


def page_as_json(job: Job, start: Start, options: TrainOptions) -> dict[str, Any]:
    """What the page says; sizes in bytes, times in seconds, null for what is not known."""
    network, estimates = start.network, start.estimates
    schedule = build_schedule(learning_rate_config(job.config))
    per_epoch = steps_per_epoch(job, start)
    by_use = fields_by_use(job.config)
    return {
        "config": job.path,
        "overrides": list(options.overrides),
        "network": {
            "feature_extractor": network.feature_extractor,
            "generation": network.generation,
            "parameters": network.parameters,
            "anchors": network.anchors,
            "input_shape": list(network.input_shape),
        },
        "weights": _weights(start),
        "frozen": sorted(start.frozen),
        "data": _data(start.data),
        "evaluation": _data(start.evaluation) if start.evaluation is not None else None,
        "first_step": start.first_step,
        "num_steps": start.num_steps,
        "batch_size": start.batch_size,
        "steps_per_epoch": per_epoch,
        "epochs": start.steps_left / per_epoch if per_epoch else None,
        "learning_rate": {
            "kind": schedule.kind,
            "marks": [{"step": step, "rate": rate} for step, rate in marks(schedule, start.num_steps)],
        },
        "augmentation": list(augmentation_steps(job.config)),
        "compute": {
            "precision": options.precision,
            "accumulate": options.accumulate,
            "jit": options.jit,
            "seed": options.seed,
        },
        "memory": {
            **estimates.memory._asdict(),
            "total": estimates.memory.total,
            "machine": estimates.machine,
            "gpus": [gpu._asdict() for gpu in estimates.gpus],
            "fits": estimates.fits,
        },
        "time": {
            "steps_per_sec": estimates.rate,
            "seconds": start.steps_left / estimates.rate if estimates.rate else None,
        },
        "lint": severities(job),
        "fields": {"likely_refused": by_use["refused"], "not_read": by_use["ignored"]},
        "output": {
            "model_dir": str(options.model_dir),
            "checkpoint_bytes": estimates.checkpoint,
            "checkpoint_every": options.checkpoint_every,
            "keep": options.keep,
            "free_bytes": free_bytes(options.model_dir),
        },
        "notes": list(start.notes),
    }


def _weights(start: Start) -> dict[str, Any]:
    if start.resume is not None:
        return {"from": "resume", "checkpoint": start.resume.path, "step": start.first_step}
    if start.plan is None:
        return {"from": "initialised"}
    plan = start.plan
    report = Report(plan, plan.checkpoint.notes)
    return {
        "from": "restore",
        "checkpoint": plan.checkpoint.path,
        "type": plan.restore_type,
        "verdict": {"slug": plan.verdict.slug, "severity": report.severity, "text": plan.verdict.text},
        "parts": [
            {
                "name": part.name,
                "variables": part.variables,
                "parameters": part.parameters,
                "fates": part.counts,
                "frozen": part.frozen,
            }
            for part in report.parts
        ],
        "warnings": report.warnings,
        "notes": report.notes,
    }


def _data(data: DataFound) -> dict[str, Any]:
    found = data._asdict()
    found["classes"] = dict(data.classes)
    found["problems"] = [{"severity": severity, "message": message} for severity, message in data.problems]
    return found
