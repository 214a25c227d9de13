"""Evaluation of one checkpoint, outside of a run."""

from __future__ import annotations

import tensorflow as tf

from cfgtool.checkpoints import Checkpoint
from cfgtool.training.input.pipeline import input_problems
from cfgtool.training.run.assembly import Assembly
from cfgtool.training.run.evaluation import Evaluation, Evaluator
from cfgtool.training.run.job import Job
from cfgtool.training.run.keras_state import averages
from cfgtool.training.run.metrics import metric_problems
from cfgtool.training.run.optimizers import MovingAverage
from cfgtool.training.run.saving import restore


def evaluate_checkpoint(
    job: Job, checkpoint: Checkpoint, *, per_class: bool = False
) -> tuple[int, Evaluation]:
    """(training step, evaluation) of a checkpoint of this network, the OD API's own ones included.

    With `eval_config.use_moving_averages` the averaged weights are evaluated. Raises UserError if the checkpoint is not
    of this network or has no averages, and for metrics that are not computed here.
    """
    problems = list(metric_problems(job.config.message("eval_config")))
    problems += [
        problem for problem in input_problems(job.config) if problem[0].startswith(("eval_", "model"))
    ]
    if problems:
        raise job.fail(f"{problems[0][0]}: {problems[0][1]}")
    assembly = Assembly(job.config)
    step = tf.Variable(-1, dtype=tf.int64, trainable=False)
    evaluator = Evaluator(job.config, assembly)
    restore(tf.train.Checkpoint(model=assembly.weights.tree), checkpoint.path)
    if "step" in checkpoint.entries:
        restore(tf.train.Checkpoint(step=step), checkpoint.path)
    if job.config.message("eval_config").flag("use_moving_averages"):
        _take_averages(job, checkpoint, assembly)
    return int(step.numpy()), evaluator.run(per_class=per_class)


def _take_averages(job: Job, checkpoint: Checkpoint, assembly: Assembly) -> None:
    """Put the averages of a run, ours or the OD API's, in place of the weights."""
    entry = job.config.message("eval_config").entry("use_moving_averages")
    trainable = assembly.trainable_by_name
    average = MovingAverage(trainable)
    stored = averages(checkpoint.path, model=assembly.weights.tree, average=average, variables=trainable)
    if stored is None:
        raise job.fail(
            "the checkpoint has no moving averages",
            entry,
            "train with use_moving_average: true, or drop this",
        )
    restore(stored, checkpoint.path)
    average.swap(trainable)
