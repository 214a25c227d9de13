"""A training run from config to trained checkpoint."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from cfgtool.checkpoints import Checkpoint
from cfgtool.errors import UserError
from cfgtool.files import atomic_write, encode_text
from cfgtool.training.assemblies import build_assembly
from cfgtool.training.evaluation.hook import EvalHook
from cfgtool.training.input.denormalise import denormalised
from cfgtool.training.input.picture_cache import picture_cache
from cfgtool.training.input.pipeline import training_batches
from cfgtool.training.input.read_errors import checked
from cfgtool.training.run.causes import not_finite
from cfgtool.training.run.company import in_company, shared_devices
from cfgtool.training.run.distribution import Distribution
from cfgtool.training.run.environment import record_start
from cfgtool.training.run.hooks import EtaHook, LogHook, SaveHook
from cfgtool.training.run.job import Job
from cfgtool.training.run.loop import Hook, Loop
from cfgtool.training.run.loss_scale import LossScale
from cfgtool.training.run.optimizers import Optimizer, build_optimizer
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.run.progress import Progress
from cfgtool.training.run.restoring import carry_out
from cfgtool.training.run.run_lock import RunLock
from cfgtool.training.run.saving import DamagedCheckpointError, Saver, move_aside
from cfgtool.training.run.schedules import build_schedule
from cfgtool.training.run.skipping import without_bad_records
from cfgtool.training.run.step import make_step, step_settings
from cfgtool.training.run.telemetry import MetricsFile, TensorBoard
from cfgtool.training.starting.plan import Start, learning_rate_config
from cfgtool.training.starting.unsupported import refuse_unsupported

PICTURES = 3
"""How many images of the first batch TensorBoard gets."""
_STOPPING = "stopping after this step; Ctrl-C once more stops at once"


class Outcome(NamedTuple):
    """`step` reached, less than `num_steps` if the user stopped the run; `ended_by` says why a hook ended it, if one
    did.
    """

    step: int
    ended_by: str | None


class Run:
    """One run in a model dir: everything that lives as long as the run."""

    def __init__(
        self, job: Job, start: Start, options: TrainOptions, distribution: Distribution | None = None
    ) -> None:
        """Build the detector and give it its weights. Raises UserError if that cannot be done.

        Of the processes of a `distribution` only the chief writes.
        """
        self.distribution = distribution or Distribution()
        self.notes: list[str] = []
        """What the user should know before the first step."""
        self.ended_by: str | None = None
        train_config = job.config.message("train_config")
        refuse_unsupported(job, options)
        if self.distribution.is_chief:
            _prepare_folder(options)
        if options.skip_bad_records:
            job, self.notes = without_bad_records(job, options.model_dir, evaluate=bool(options.eval_every))
        self.job, self.start, self.options = job, start, options
        with self.distribution.scope():
            self.assembly = build_assembly(
                job.config, seed=options.seed, precision=options.precision, static_shapes=options.jit
            )
            self.assembly.weights.sync_batch_norm = options.sync_batch_norm
            trainable = self.assembly.trainable_by_name
            if not trainable:
                raise UserError(
                    "freeze_variables and update_trainable_variables leave nothing to train", path=job.path
                )
            self.optimizer: Optimizer = build_optimizer(
                train_config.message("optimizer"), trainable, start.network.generation
            )
            self.loss_scale = LossScale() if options.precision == "mixed_float16" else None
            self.step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")
        self.saver = Saver(
            options.model_dir,
            keep=options.keep,
            step=self.step,
            model=self.assembly.weights.tree,
            optimizer=self.optimizer,
            loss_scale=self.loss_scale,
            weights=self.assembly.weights.by_name.values(),
        )
        if start.resume is not None:
            self._resume([start.resume, *start.older])
        elif start.plan is not None:
            carry_out(start.plan, self.assembly)
        if self.optimizer.average is not None and not int(self.optimizer.iterations):
            self.optimizer.average.restart(trainable)
        if self.distribution.is_chief:
            atomic_write(str(options.model_dir / "pipeline.config"), encode_text(job.lasting_text))

    def _resume(self, checkpoints: list[Checkpoint]) -> None:
        """Restore the first of `checkpoints` that can be read, and note those that cannot."""
        damaged: DamagedCheckpointError | None = None
        for checkpoint in checkpoints:
            try:
                step = self.saver.resume(checkpoint.path)
            except DamagedCheckpointError as error:
                self.notes.append(f"{checkpoint.path} is not used: {error.message}")
                damaged = damaged or error
                continue
            if damaged is not None:
                self.notes.append(f"resumed from {checkpoint.path} at step {step} instead")
            return
        assert damaged is not None  # there is one checkpoint at least
        raise damaged

    @property
    def first_step(self) -> int:
        """Steps that are done already."""
        return int(self.step.numpy())

    def prepare(self) -> tuple[Callable[[Any], Mapping[str, Any]], Iterator[Any]]:
        """The step and the batches that it is to be fed, from where the run stands."""
        config = self.job.config
        train_config = config.message("train_config")
        schedule = build_schedule(learning_rate_config(config))
        dataset = training_batches(
            config,
            seed=self.options.seed,
            start_batch=self.first_step,
            batch_size=self.distribution.share(train_config.integer("batch_size")) * self.options.accumulate,
            shard=self.distribution.shard,
            cache=picture_cache(self.options.image_cache),
        )
        step_fn = make_step(
            self.assembly,
            self.optimizer,
            schedule.traced,
            self.step,
            step_settings(train_config, accumulate=self.options.accumulate, jit=self.options.jit),
            self.loss_scale,
            self.distribution,
            _signature(dataset, self.options),
        )
        return step_fn, checked(dataset, config.message("train_input_reader"))

    def run(self) -> int:
        """Train to the end; returns the step reached. The last step is always saved."""
        options = self.options
        first, target = self.first_step, self.start.num_steps
        self.distribution.agree("the step to go on from", first)
        if first >= target:
            return first
        step_fn, batches = self.prepare()
        if not self.distribution.is_chief:
            return self._follow(step_fn, batches, first, target)
        record_start(options, first)
        board = TensorBoard(options.model_dir / "train")
        with Progress(target, first, best=options.best, quiet=options.quiet) as progress:
            told = self.start.notes if options.quiet else ()  # else they are on the start page
            for note in (*told, *self.notes):
                progress.say(note, important=True)
            metrics = MetricsFile(options.model_dir, first, progress.evaluated)
            hooks: list[Hook] = [
                LogHook(options.log_every, target, metrics, board, progress, self.start.batch_size),
                EtaHook(first, target, progress),
                SaveHook(options.checkpoint_every, target, self.saver),
            ]
            if options.eval_every:
                about = (self.job, self.assembly, self.optimizer, self.step)
                hooks.append(EvalHook(options, *about, target, metrics, progress))
            loop = Loop(
                step_fn,
                self._pictured(batches, board),
                first,
                target,
                not_finite=self._not_finite,
                hooks=hooks,
                settled=self.distribution.any_of,
                on_step=progress.advance,
                on_stop=lambda: progress.say(_STOPPING, important=True),
            )
            try:
                reached = loop.run()
                self.ended_by = loop.ended_by
                if self.saver.saved_step != reached:
                    self.saver.save()
                self.distribution.agree("the last step", reached)
            finally:
                metrics.close()
                board.close()
        return reached

    def _follow(
        self,
        step_fn: Callable[[Any], Mapping[str, Any]],
        batches: Iterator[Any],
        first: int,
        target: int,
    ) -> int:
        """Take part in the steps; the chief logs, evaluates and saves."""
        settled = self.distribution.any_of
        loop = Loop(step_fn, batches, first, target, not_finite=self._not_finite, settled=settled)
        reached = loop.run()
        self.distribution.agree("the last step", reached)
        return reached

    def _not_finite(self, step: int, values: Mapping[str, Any], batch: Any) -> UserError:
        return not_finite(self.job, step, values, batch, self.saver.latest)

    def _pictured(self, batches: Iterator[Any], board: TensorBoard) -> Iterator[Any]:
        """The batches; the images of the first go to TensorBoard, as the network gets them."""
        first = next(batches)
        picture_of = denormalised(self.job.config)
        shown = np.stack([picture_of(image) for image in first["image"][:PICTURES].numpy()])
        board.image(self.first_step, "train_input_images", shown)
        return itertools.chain([first], batches)


def _signature(dataset: tf.data.Dataset, options: TrainOptions) -> dict[str, tf.TensorSpec] | None:
    """What batches have in common whose images differ in size; None where one is like the other.

    Raises UserError for what needs images of one size.
    """
    specs: dict[str, tf.TensorSpec] = dataset.element_spec
    if all(spec.shape.is_fully_defined() for spec in specs.values()):
        return None
    if options.accumulate > 1:
        raise UserError(
            "--accumulate needs images of one size, but the image_resizer leaves sizes free",
            hint="write fixed_shape_resizer, or pad_to_max_dimension: true",
        )
    return specs


def _prepare_folder(options: TrainOptions) -> None:
    """Create the model dir; with `--restart` move an earlier run in it aside."""
    if options.restart:
        move_aside(options.model_dir)
    _make(options)


def _make(options: TrainOptions) -> None:
    try:
        options.model_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"the model dir cannot be made: {error.strerror}", path=str(options.model_dir)
        ) from None


def run_training(job: Job, start: Start, options: TrainOptions) -> Outcome:
    """Train in a model dir that nobody else works in meanwhile. Raises UserError if somebody does."""
    distribution = shared_devices(job, options)
    if not distribution.is_chief:
        run = Run(job, start, options, distribution)
        return Outcome(in_company(run), run.ended_by)
    _make(options)
    with RunLock(options.model_dir) as lock:
        note = lock.take()
        run = Run(job, start, options, distribution)
        if note is not None:
            run.notes.insert(0, note)
        return Outcome(in_company(run), run.ended_by)
