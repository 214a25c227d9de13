"""A training run from config to trained checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf

from cfgtool.checkpoints.values import Values
from cfgtool.errors import UserError
from cfgtool.files import atomic_write, encode_text
from cfgtool.matching import RestorePlan
from cfgtool.training.input.pipeline import checked, training_batches
from cfgtool.training.run.assembly import Assembly
from cfgtool.training.run.eval_hook import EvalHook
from cfgtool.training.run.hooks import LogHook, SaveHook
from cfgtool.training.run.job import Job
from cfgtool.training.run.loop import Hook, Loop
from cfgtool.training.run.optimizers import Optimizer, build_optimizer
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.run.saving import Saver, move_aside
from cfgtool.training.run.schedules import build_schedule
from cfgtool.training.run.start import Start, learning_rate_config
from cfgtool.training.run.step import make_step
from cfgtool.training.run.telemetry import MetricsFile, Progress, TensorBoard


class Run:
    """One run in a model dir: everything that lives as long as the run."""

    def __init__(self, job: Job, start: Start, options: TrainOptions) -> None:
        """Build the detector and give it its weights. Raises UserError if that cannot be done."""
        self.job, self.start, self.options = job, start, options
        train_config = job.config.message("train_config")
        _prepare_folder(options)
        self.assembly = Assembly(job.config, seed=options.seed)
        trainable = self.assembly.trainable_by_name
        if not trainable:
            raise UserError(
                "freeze_variables and update_trainable_variables leave nothing to train", path=job.path
            )
        self.optimizer: Optimizer = build_optimizer(
            train_config.message("optimizer"), trainable, start.network.generation
        )
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")
        self.saver = Saver(
            options.model_dir,
            keep=options.keep,
            step=self.step,
            model=self.assembly.weights.tree,
            optimizer=self.optimizer,
        )
        if start.resume is not None:
            self.saver.resume(start.resume.path)
        elif start.plan is not None:
            carry_out(start.plan, self.assembly)
        if self.optimizer.average is not None and not int(self.optimizer.iterations):
            self.optimizer.average.restart(trainable)
        atomic_write(str(options.model_dir / "pipeline.config"), encode_text(job.text))

    @property
    def first_step(self) -> int:
        """Steps that are done already."""
        return int(self.step.numpy())

    def prepare(self) -> tuple[Callable[[Any], Mapping[str, Any]], Iterator[Any]]:
        """The step and the batches that it is to be fed, from where the run stands."""
        config = self.job.config
        train_config = config.message("train_config")
        schedule = build_schedule(learning_rate_config(config))
        step_fn = make_step(
            self.assembly,
            self.optimizer,
            schedule.traced,
            self.step,
            clip_norm=train_config.number("gradient_clipping_by_norm"),
            regularize=train_config.flag("add_regularization_loss"),
        )
        dataset = training_batches(config, seed=self.options.seed, start_batch=self.first_step)
        return step_fn, checked(dataset, config.message("train_input_reader"))

    def run(self) -> int:
        """Train to the end; returns the step reached. The last step is always saved."""
        options = self.options
        first, target = self.first_step, self.start.num_steps
        if first >= target:
            return first
        step_fn, batches = self.prepare()
        metrics = MetricsFile(options.model_dir, first)
        board = TensorBoard(options.model_dir / "train")
        with Progress(target, first) as progress:
            hooks: list[Hook] = [LogHook(options.log_every, target, metrics, board, progress)]
            hooks.append(SaveHook(options.checkpoint_every, target, self.saver))
            if options.eval_every:
                hooks.append(EvalHook(options, target, self.job.config, self.assembly, metrics, progress))
            loop = Loop(step_fn, batches, first, target, _describe, hooks, progress.advance)
            try:
                reached = loop.run()
                if reached < target:
                    self.saver.save()
            finally:
                metrics.close()
                board.close()
        return reached


def _prepare_folder(options: TrainOptions) -> None:
    """Create the model dir; with `--restart` move an earlier run in it aside."""
    if options.restart:
        move_aside(options.model_dir)
    try:
        options.model_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"the model dir cannot be made: {error.strerror}", path=str(options.model_dir)
        ) from None


def carry_out(plan: RestorePlan, assembly: Assembly) -> None:
    """Give the assembly's weights the values of the plan. Raises UserError if the data cannot be read."""
    if plan.checkpoint.in_graph:  # TensorFlow reads constants only into the graph that they are of
        with Values(plan.checkpoint) as constants:
            assembly.weights.assign(
                {variable.name: constants.array(entry) for variable, entry in plan.restored}
            )
        return
    try:
        reader = tf.train.load_checkpoint(plan.checkpoint.path)
        values = {variable.name: reader.get_tensor(entry.name) for variable, entry in plan.restored}
    except (tf.errors.OpError, RuntimeError, ValueError) as error:
        message = getattr(error, "message", None) or str(error)
        raise UserError(
            f"the checkpoint cannot be read: {message.splitlines()[0]}", path=plan.checkpoint.path
        ) from None
    assembly.weights.assign(values)


def _describe(batch: Mapping[str, Any]) -> str:
    """The examples of a batch, for the message about a broken loss."""
    names = [name.decode("utf-8", "replace") for name in batch["source_id"].numpy()]
    places = ", ".join(str(number) for number in batch["element"].numpy()[:8])
    known = ", ".join(name for name in names[:8] if name)
    more = "" if len(names) <= 8 else f" and {len(names) - 8} more"
    return f"examples {known or places}{more}"


def run_training(job: Job, start: Start, options: TrainOptions) -> int:
    """Train; returns the step reached, less than `num_steps` if the user stopped the run."""
    return Run(job, start, options).run()
