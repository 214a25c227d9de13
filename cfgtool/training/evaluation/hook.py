"""Evaluation inside a run."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator, Mapping

import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.training.assemblies import Assembly
from cfgtool.training.evaluation.best import FOLDER, Best
from cfgtool.training.evaluation.evaluator import Evaluation, Evaluator
from cfgtool.training.evaluation.log import eval_folder, write_to_board
from cfgtool.training.evaluation.metrics import MAIN_METRIC
from cfgtool.training.evaluation.pictures import keep_pictures
from cfgtool.training.run.job import Job
from cfgtool.training.run.optimizers import MovingAverage, Optimizer
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.run.saving import Saver
from cfgtool.training.run.telemetry import MetricsFile, Progress, TensorBoard


class EvalHook:
    """Metrics every so many steps and at the end; keeps the best checkpoint.

    They go to `metrics.jsonl` and TensorBoard's `eval`, the drawn examples of the last evaluation to `eval/pictures`.
    With `eval_config.use_moving_averages` the averages of the weights are evaluated.
    """

    def __init__(
        self,
        options: TrainOptions,
        job: Job,
        assembly: Assembly,
        optimizer: Optimizer,
        step: tf.Variable,
        target: int,
        metrics: MetricsFile,
        progress: Progress,
    ) -> None:
        """`step` is the run's counter of finished steps, `target` the last one.

        Raises UserError for what cannot be evaluated as the config and the options ask.
        """
        self._every, self._target, self._patience = options.eval_every or 0, target, options.patience
        self._evaluator = Evaluator(job, assembly)
        self._assembly, self._average = assembly, _average(job, optimizer)
        self._metrics, self._progress = metrics, progress
        self._told = False
        reader = job.config.messages("eval_input_reader")[0]
        self._board = TensorBoard(eval_folder(options.model_dir, reader.text("name")))
        self._pictures = options.model_dir / "eval" / "pictures"
        metric = self._chosen(options.best)
        folder = options.model_dir / FOLDER
        saver = Saver(folder, keep=1, step=step, model=assembly.weights.tree, optimizer=optimizer)
        self._best = Best(saver, folder, metric, int(step.numpy()))

    def due(self, step: int) -> bool:
        """See `Hook`."""
        return step % self._every == 0 or step == self._target

    def run(self, step: int, values: Mapping[str, float]) -> str | None:  # noqa: ARG002
        """See `Hook`; the run ends when `patience` evaluations in a row were no better than the best one."""
        with self._averages():
            evaluation = self._evaluator.run(per_class=self._per_class)
        found = evaluation.values
        self._metrics.write(
            step, {name: value for name, value in found.items() if not name.startswith("Loss/")}
        )
        write_to_board(self._board, step, evaluation)
        keep_pictures(evaluation, self._pictures, step)
        best = self._best.offer(step, found[self._best.metric])
        self._progress.say(f"step {step}: {self._summary(evaluation)}{', the best so far' if best else ''}")
        for note in evaluation.notes if not self._told else ():
            self._progress.say(note)
        self._told = True
        if self._patience is None or self._best.waited < self._patience:
            return None
        waited = self._best.waited
        since = "" if self._best.step is None else f" than {self._best.value:.4f} at step {self._best.step}"
        return f"{self._best.metric} was no better{since} in {waited} evaluation{'s' if waited != 1 else ''}"

    @contextlib.contextmanager
    def _averages(self) -> Iterator[None]:
        """Inside, the weights are their moving averages, where these are asked for."""
        if self._average is None:
            yield
            return
        trainable = self._assembly.trainable_by_name
        self._average.swap(trainable)
        try:
            yield
        finally:
            self._average.swap(trainable)

    def _chosen(self, wanted: str | None) -> str:
        """The metric that decides which checkpoint is the best. Raises UserError if it is not computed."""
        names = self._evaluator.metric_names()
        every = self._evaluator.metric_names(per_class=True)
        if wanted is not None and wanted not in every:
            near = difflib.get_close_matches(wanted, every, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"such as {names[0]!r}"
            raise UserError(f"metric {wanted!r} is not among those that eval_config asks for", hint=hint)
        self._per_class = wanted is not None and wanted not in names
        return names[0] if wanted is None else wanted

    def _summary(self, evaluation: Evaluation) -> str:
        """The main numbers, for COCO also that of an overlap of a half, and the one that decides what is best."""
        first, *others = self._evaluator.main_names()
        names = [
            first,
            *([f"{MAIN_METRIC}@.50IOU"] if first == MAIN_METRIC else []),
            *others,
            self._best.metric,
        ]
        shown = [f"{name} {evaluation.values[name]:.4f}" for name in dict.fromkeys(names)]
        return ", ".join(shown).replace(f", {MAIN_METRIC}@", ", @")


def _average(job: Job, optimizer: Optimizer) -> MovingAverage | None:
    """The averages to evaluate, None where the weights themselves are. Raises UserError if there are none to take."""
    eval_config = job.config.message("eval_config")
    if not eval_config.flag("use_moving_averages"):
        return None
    if optimizer.average is None:
        raise job.fail(
            "the optimizer keeps no moving averages to evaluate",
            eval_config.entry("use_moving_averages"),
            "set train_config.optimizer.use_moving_average: true, or drop this",
        )
    return optimizer.average
