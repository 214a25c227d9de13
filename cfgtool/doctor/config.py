"""Whether a config could be trained here: its data, its start, its memory and disk, one by one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cfgtool.doctor.probe import run
from cfgtool.doctor.remark import Remark
from cfgtool.errors import UserError
from cfgtool.networks import describe, frozen_variables
from cfgtool.training.run.job import load_job
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.starting.data_found import look_at_data
from cfgtool.training.starting.estimates import estimate, in_bytes
from cfgtool.training.starting.model_dir import check_space

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.networks import NetworkDescription
    from cfgtool.training.run.job import Job

_ASK = """
import json, os, sys
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
from pathlib import Path
from cfgtool.errors import UserError
from cfgtool.training.run.job import load_job
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.starting.unsupported import refuse_unsupported
path, model_dir = sys.argv[1:]
try:
    refuse_unsupported(load_job(path), TrainOptions(path, Path(model_dir), eval_every=1))
    refused = None
except UserError as error:
    refused = error.message
print()
print(json.dumps({"refused": refused}))
"""
"""Which settings training acts on is known beside the code that does, which needs TensorFlow."""


def config_remarks(
    path: str, model_dir: Path | None, *, tensorflow: bool, time_limit: float
) -> Iterator[Remark]:
    """What a run of the config at `path` would meet; `tensorflow` says that it can be imported.

    Raises UserError if the file cannot be read.
    """
    try:
        job = load_job(path)
        network = describe(job.config)
    except UserError as error:
        if error.line is None and error.path == path and not Path(path).is_file():
            raise
        yield _bad("config", error)
        return
    yield _linted(job)
    options = TrainOptions(path, model_dir or Path.cwd())
    for reader in ("train_input_reader", "eval_input_reader"):
        yield from _data(job, reader, network)
    yield _start(job, network)
    yield from _room(job, network, options)
    if tensorflow:
        yield _settings(path, options.model_dir, time_limit)


def _bad(name: str, error: UserError) -> Remark:
    return Remark("config", name, "error", str(_without_hint(error)), error.hint)


def _without_hint(error: UserError) -> UserError:
    return UserError(error.message, path=error.path, line=error.line, column=error.column)


def _linted(job: Job) -> Remark:
    counts = dict.fromkeys(("error", "warning"), 0)
    for finding in job.report.findings:
        if finding.severity in counts:
            counts[finding.severity] += 1
    told = ", ".join(f"{count} {word}{'s' * (count > 1)}" for word, count in counts.items() if count)
    hint = f"cfgtool lint {job.path}" if told else None
    return Remark("config", "lint", "warning" if told else "ok", told or "nothing to report", hint)


def _data(job: Job, name: str, network: NetworkDescription) -> Iterator[Remark]:
    """The first reader of that name: its records and its label map."""
    found = job.config.messages(name) if name == "eval_input_reader" else [job.config.message(name)]
    if not found or not job.config.has(name):
        yield Remark("config", name, "note" if name.startswith("eval") else "error", "is not there")
        return
    try:
        data = look_at_data(job, found[0], network)
    except UserError as error:
        yield _bad(name, error)
        return
    if not data.files:
        yield Remark(
            "config", name, "note", "its files are not on this machine: only TensorFlow can read them"
        )
        return
    about = "" if data.complete else "about "
    value = f"{about}{data.records:,} records in {data.files} file{'s' * (data.files > 1)}"
    flaws = "; ".join(text for severity, text in data.problems if severity == "error")
    hint = "`cfgtool data check` lists all flaws" if flaws else None
    yield Remark("config", name, "warning" if flaws else "ok", f"{value}; {flaws}" if flaws else value, hint)


def _start(job: Job, network: NetworkDescription) -> Remark:
    """The start checkpoint, as the run would restore it."""
    from cfgtool.checkpoints import open_checkpoint
    from cfgtool.matching import configured_plan

    path = job.config.message("train_config").text("fine_tune_checkpoint")
    if not path:
        return Remark("config", "start checkpoint", "note", "none: every weight starts at random")
    try:
        checkpoint = open_checkpoint(path)
        plan = configured_plan(job.config, network, checkpoint)
    except UserError as error:
        return _bad("start checkpoint", error)
    if missing := checkpoint.missing_data():
        return Remark(
            "config",
            "start checkpoint",
            "error",
            f"{checkpoint.path}: no data file {Path(missing[0]).name!r}",
            "only its index is there; copy all its files",
        )
    state = plan.verdict.severity
    return Remark(
        "config",
        "start checkpoint",
        "error" if state == "error" else "warning" if state == "warning" else "ok",
        f"{checkpoint.path}: {plan.verdict.text}",
        plan.verdict.hint,
    )


def _room(job: Job, network: NetworkDescription, options: TrainOptions) -> Iterator[Remark]:
    """Memory of a step and disk of the checkpoints."""
    train = job.config.message("train_config")
    needs = estimate(train, network, frozen_variables(train, network.variables), options)
    batch = train.integer("batch_size")
    step = f"about {in_bytes(needs.memory.total)} for a step on {batch} images"
    if needs.fits is None:
        yield Remark("config", "memory", "note", f"{step}; this system does not say what it has")
    else:
        room = in_bytes(needs.room or 0)
        each = needs.memory.activations / max(1, batch)
        fitting = int(((needs.room or 0) - needs.memory.fixed) // each) if each else batch
        hint = None
        if not needs.fits:
            hint = "a smaller image_resizer, or a smaller network (`cfgtool describe`)"
            if fitting > 0:
                hint = f"--batch-size {fitting} with the rates scaled alike, or --precision mixed_bfloat16"
        yield Remark("config", "memory", "ok" if needs.fits else "warning", f"{step}, of {room}", hint)
    try:
        check_space(options.model_dir, needs.checkpoint, options.keep)
    except UserError as error:
        yield _bad("disk", error)
        return
    yield Remark("config", "disk", "ok", f"{options.keep} checkpoints of {in_bytes(needs.checkpoint)} fit")


def _settings(path: str, model_dir: Path, time_limit: float) -> Remark:
    """Settings that training refuses, asked from the trainer in a process of its own."""
    answer = run(_ASK, (path, str(model_dir)), time_limit)
    if answer.told is None:
        return Remark("config", "settings", "note", f"the trainer {answer.failure}")
    refused = answer.told.get("refused")
    if refused is None:
        return Remark(
            "config", "settings", "ok", "training acts on all of them, or says that they do nothing"
        )
    return Remark("config", "settings", "error", str(refused), "`cfgtool explain FIELD` says what is allowed")
