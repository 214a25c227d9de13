"""How a run starts, decided without TensorFlow: where the weights come from, and whether everything is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cfgtool.checkpoints import Checkpoint, open_checkpoint, read_checkpoint
from cfgtool.data.label_map import read_label_map
from cfgtool.data.paths import expand_paths
from cfgtool.errors import UserError
from cfgtool.matching import RestorePlan, configured_plan
from cfgtool.networks import NetworkDescription, describe, frozen_variables
from cfgtool.schema import Config
from cfgtool.training.run.job import Job
from cfgtool.training.run.options import TrainOptions

_LATEST = re.compile(r'^model_checkpoint_path: "(.*)"$', re.MULTILINE)


@dataclass(frozen=True)
class Start:
    """A run about to start.

    `resume` is the checkpoint of the model dir to go on from, `plan` the restore plan of the start checkpoint; with
    neither the weights are initialised.
    """

    network: NetworkDescription
    num_steps: int
    batch_size: int
    resume: Checkpoint | None
    plan: RestorePlan | None
    frozen: frozenset[str]


def plan_start(job: Job, options: TrainOptions) -> Start:
    """Decide how the run starts, in this order of precedence.

    1. The model dir has a checkpoint: resume from the newest one (`--restart` moves it aside before).
    2. `train_config.fine_tune_checkpoint` is set: take from it what the restore plan says.
    3. Otherwise: initialise every variable.

    Raises UserError for whatever would stop the run later: a network that is not described, missing data, a checkpoint
    that does not fit.
    """
    train_config = job.config.message("train_config")
    network = describe(job.config)
    num_steps = train_config.integer("num_steps")
    if num_steps <= 0:
        raise job.fail(
            "train_config.num_steps is not set",
            train_config.entry("num_steps"),
            "set it, or give --num-steps",
        )
    check_data(job, network)
    resume = None if options.restart else latest_checkpoint(options.model_dir)
    if resume is not None and not any(key.startswith("model/") for key in resume.entries):
        resume = (
            None  # the OD API's checkpoint before the first step, when Keras has not made the variables yet
        )
    plan = None
    if resume is not None:
        _refuse_other_network(resume, network)
    elif train_config.text("fine_tune_checkpoint"):
        plan = _restore(job, network)
    return Start(
        network,
        num_steps,
        train_config.integer("batch_size"),
        resume,
        plan,
        frozen_variables(train_config, network.variables),
    )


def latest_checkpoint(model_dir: Path) -> Checkpoint | None:
    """The newest checkpoint of a model dir by its state file, None if there is none."""
    state = model_dir / "checkpoint"
    if not state.is_file():
        return None
    match = _LATEST.search(state.read_text(encoding="utf-8", errors="replace"))
    if match is None:
        return None
    prefix = model_dir / Path(match[1]).name
    return read_checkpoint(str(prefix)) if Path(f"{prefix}.index").is_file() else None


def check_data(job: Job, network: NetworkDescription) -> None:
    """Raise UserError unless the reader's files are there and the label map fits the network's classes."""
    reader = job.config.message("train_input_reader")
    expand_paths(reader.message("tf_record_input_reader").texts("input_path"))
    path = reader.text("label_map_path")
    if not path:
        return
    label_map = read_label_map(path)
    classes = job.config.find(f"model.{network.meta_architecture}").integer("num_classes")
    if label_map.max_id > classes:
        raise UserError(
            f"the label map has id {label_map.max_id}, but num_classes is {classes}: objects of higher ids would be"
            " trained as nothing",
            path=path,
            hint=f"set model.{network.meta_architecture}.num_classes to {label_map.max_id}",
        )


def _restore(job: Job, network: NetworkDescription) -> RestorePlan:
    """The plan of the start checkpoint. Raises UserError if training could not start from it as intended."""
    train_config = job.config.message("train_config")
    entry = train_config.entry("fine_tune_checkpoint")
    checkpoint = open_checkpoint(train_config.text("fine_tune_checkpoint"))
    plan = configured_plan(job.config, network, checkpoint)
    if plan.verdict.severity == "error":
        raise job.fail(plan.verdict.text, entry, plan.verdict.hint)
    if missing := checkpoint.missing_data():
        message = f"checkpoint {checkpoint.path!r} has no data file {Path(missing[0]).name!r}"
        raise job.fail(message, entry, "only its index is there; copy all its files")
    return plan


def _refuse_other_network(checkpoint: Checkpoint, network: NetworkDescription) -> None:
    """Raise UserError if the model dir holds a run of another network."""
    for variable in network.variables:
        entry = checkpoint.entries.get(variable.tf2_key or f"model/{variable.name}")
        if entry is None or entry.shape != variable.shape:
            found = "lacks it" if entry is None else f"has {list(entry.shape)}"
            raise UserError(
                f"the model dir holds a run of another network: {variable.name} is {list(variable.shape)}, the"
                f" checkpoint {found}",
                path=checkpoint.path,
                hint="choose another --model-dir, or give --restart to move that run aside",
            )


def start_page(job: Job, start: Start, options: TrainOptions) -> Iterator[str]:
    """What the user should know before the first step, line by line."""
    network = start.network
    yield f"config     {job.path}" + (
        f" with {len(options.overrides)} overrides" if options.overrides else ""
    )
    yield (
        f"network    {network.feature_extractor}, {network.generation.upper()}: {network.parameters:,} parameters,"
        f" {network.anchors:,} anchors at {network.input_shape[0]} x {network.input_shape[1]}"
    )
    yield from _weights_lines(start)
    if start.frozen:
        yield f"frozen     {len(start.frozen)} variables by freeze_variables and update_trainable_variables"
    reader = job.config.message("train_input_reader")
    files = expand_paths(reader.message("tf_record_input_reader").texts("input_path"))
    yield f"data       {len(files)} file{'s' if len(files) != 1 else ''}, batches of {start.batch_size}"
    yield f"rate       {_rate_line(job.config, start.num_steps)}"
    yield f"model dir  {options.model_dir}"
    counts = dict.fromkeys(("error", "warning"), 0)
    for finding in job.report.findings:
        counts[finding.severity] = counts.get(finding.severity, 0) + 1
    if counts["error"] or counts["warning"]:
        yield f"lint       {counts['error']} errors and {counts['warning']} warnings: see `cfgtool lint {job.path}`"


def _weights_lines(start: Start) -> Iterator[str]:
    if start.resume is not None:
        yield f"weights    resume from {start.resume.path}"
    elif start.plan is not None:
        yield f"weights    from {start.plan.checkpoint.path} as {start.plan.restore_type!r}: {start.plan.verdict.text}"
        for note in (*start.plan.checkpoint.notes, *start.plan.warnings):
            yield f"           {note}"
    else:
        yield "weights    initialised: no fine_tune_checkpoint is set"


def _rate_line(config: Config, num_steps: int) -> str:
    from cfgtool.training.run.schedules import build_schedule

    schedule = build_schedule(learning_rate_config(config))
    marks = sorted({0, num_steps // 10, num_steps // 2, max(num_steps - 1, 0)})
    shown = ", ".join(f"{schedule(step):.3g} at step {step}" for step in marks)
    return f"{schedule.kind.removesuffix('_learning_rate')}: {shown}"


def learning_rate_config(config: Config) -> Config:
    """The `LearningRate` message of the optimizer in use. Raises UserError if no optimizer is chosen."""
    optimizer = config.find("train_config.optimizer")
    kind = optimizer.which("optimizer")
    if kind is None:
        raise UserError(
            "train_config.optimizer chooses no optimizer", hint="write momentum_optimizer { ... }"
        )
    return optimizer.message(kind).message("learning_rate")


def find_checkpoint(model_dir: Path | None, path: str | None) -> Checkpoint:
    """The checkpoint to evaluate: the one named, or the newest of the model dir. Raises UserError if there is none."""
    if path is not None:
        return open_checkpoint(path)
    if model_dir is None:
        raise UserError("nothing to evaluate is named", hint="give --model-dir or --checkpoint")
    latest = latest_checkpoint(model_dir)
    if latest is None:
        raise UserError(
            "no checkpoint is in this model dir",
            path=str(model_dir),
            hint="train first, or give --checkpoint",
        )
    return latest
