"""How a run starts, decided without TensorFlow: where the weights come from, and whether everything is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cfgtool.checkpoints import Checkpoint, open_checkpoint
from cfgtool.data.keypoints import configured_counts
from cfgtool.errors import UserError
from cfgtool.matching import RestorePlan, configured_plan
from cfgtool.networks import NetworkDescription, describe, frozen_variables
from cfgtool.schema import Config
from cfgtool.training.run.job import Job, steps_and_batch
from cfgtool.training.run.options import TrainOptions, check_options
from cfgtool.training.run.run_lock import refuse_running
from cfgtool.training.run.schedules import build_schedule
from cfgtool.training.starting.data_found import DataFound, look_at_data
from cfgtool.training.starting.estimates import Estimates, estimate
from cfgtool.training.starting.model_dir import (
    check_space,
    check_writable,
    latest_checkpoint,
    refuse_overwriting,
    step_of,
    whole_checkpoints,
)


@dataclass(frozen=True)
class Start:
    """A run about to start.

    `batch_size` counts the examples of a step. `resume` is the checkpoint of the model dir to go on from and `older`
    those before it, newest first; `first_step` the steps that are done. `plan` is the restore plan of the start
    checkpoint; with neither the weights are initialised. `frozen` are the names of variables that do not change,
    `evaluation` the data of the first evaluation reader (None without one, or where it is not there and not needed).
    `notes` is what the user should know besides.
    """

    network: NetworkDescription
    num_steps: int
    batch_size: int
    resume: Checkpoint | None
    plan: RestorePlan | None
    frozen: frozenset[str]
    data: DataFound
    evaluation: DataFound | None
    estimates: Estimates
    older: tuple[Checkpoint, ...] = ()
    first_step: int = 0
    notes: tuple[str, ...] = ()

    @property
    def steps_left(self) -> int:
        """Steps that the run will make."""
        return max(0, self.num_steps - self.first_step)


def plan_start(job: Job, options: TrainOptions) -> Start:
    """Decide how the run starts, in this order of precedence.

    1. The model dir has a checkpoint: resume from the newest one that is whole (`--restart` moves it aside before).
    2. `train_config.fine_tune_checkpoint` is set: take from it what the restore plan says.
    3. Otherwise: initialise every variable.

    Raises UserError for whatever would stop the run later and can be told without TensorFlow: a network that is not
    described, missing or broken data (of evaluation too, where the run evaluates), a checkpoint that does not fit, a
    schedule that gives no rate, a model dir that is in use, cannot be written or has no room.
    """
    check_options(options)
    train_config = job.config.message("train_config")
    network = describe(job.config, keypoints=configured_counts(job.config))
    num_steps, batch_size = steps_and_batch(job)
    build_schedule(learning_rate_config(job.config))
    check_writable(options.model_dir)
    refuse_running(options.model_dir)
    data = look_at_data(
        job, job.config.message("train_input_reader"), network, skip_bad=options.skip_bad_records
    )
    evaluation = _evaluation(job, network, options)
    whole, notes = ([], []) if options.restart else whole_checkpoints(options.model_dir)
    if whole and not any(key.startswith("model/") for key in whole[0].entries):
        whole = []  # what the OD API saves before its first step, when Keras has not made the variables yet
    plan = None
    if whole:
        _refuse_other_network(whole[0], network)
    else:
        plan = _restore(job, network, options)
    frozen = frozen_variables(train_config, network.variables)
    if all(variable.name in frozen for variable in network.variables if variable.trainable):
        raise job.fail("freeze_variables and update_trainable_variables leave nothing to train")
    start = Start(
        network,
        num_steps,
        batch_size * options.accumulate,
        whole[0] if whole else None,
        plan,
        frozen,
        data,
        evaluation,
        estimate(train_config, network, frozen, options),
        tuple(whole[1:]),
        (step_of(whole[0]) or 0) if whole else 0,
        tuple(notes),
    )
    check_space(
        options.model_dir,
        start.estimates.checkpoint,
        min(options.keep, -(-start.steps_left // options.checkpoint_every)),
        restart=options.restart,
    )
    return start


def _evaluation(job: Job, network: NetworkDescription, options: TrainOptions) -> DataFound | None:
    """The data of the first evaluation reader. Raises UserError if the run evaluates and it is not as it must be."""
    readers = job.config.messages("eval_input_reader")
    if not readers:
        if options.eval_every:
            raise UserError(
                "--eval-every is given, but the config has no eval_input_reader",
                path=job.path,
                hint="add one, or train without evaluations",
            )
        return None
    try:
        return look_at_data(job, readers[0], network, skip_bad=options.skip_bad_records)
    except UserError:
        if options.eval_every:
            raise
        return None


def _restore(job: Job, network: NetworkDescription, options: TrainOptions) -> RestorePlan | None:
    """The plan of the start checkpoint, None without one. Raises UserError if training could not start from it as
    intended, or would move or replace it.
    """
    train_config = job.config.message("train_config")
    if not train_config.text("fine_tune_checkpoint"):
        if not options.restart:
            refuse_overwriting(options.model_dir, None)
        return None
    entry = train_config.entry("fine_tune_checkpoint")
    checkpoint = open_checkpoint(train_config.text("fine_tune_checkpoint"))
    plan = configured_plan(job.config, network, checkpoint)
    if plan.verdict.severity == "error":
        raise job.fail(plan.verdict.text, entry, plan.verdict.hint)
    if missing := checkpoint.missing_data():
        message = f"checkpoint {checkpoint.path!r} has no data file {Path(missing[0]).name!r}"
        raise job.fail(message, entry, "only its index is there; copy all its files")
    if not options.restart:
        refuse_overwriting(options.model_dir, checkpoint)
    elif Path(checkpoint.path).absolute().is_relative_to(options.model_dir.absolute()):
        message = "the start checkpoint is in the model dir, whose content --restart moves aside"
        raise job.fail(message, entry, "choose another --model-dir")
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
