"""Evaluation of the checkpoints of a model dir: all of them, or those that a run still writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cfgtool.checkpoints import Checkpoint, read_checkpoint
from cfgtool.errors import UserError
from cfgtool.files import read_proto
from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.evaluation.checkpoint import CheckpointEvaluator
from cfgtool.training.evaluation.evaluator import Evaluation
from cfgtool.training.evaluation.log import EvalLog, eval_folder
from cfgtool.training.evaluation.watch import Watch, gone, listed_checkpoints
from cfgtool.training.evaluation.weights import UNKNOWN_STEP, training_step
from cfgtool.training.run.job import Job

TIMEOUT = 3600.0
"""Seconds without a new checkpoint, as in the OD API."""
INTERVAL = 10.0

Say = Callable[[str], None]

Evaluated = tuple[Checkpoint, int, Evaluation]
"""A checkpoint, its training step, and how it does."""


@dataclass(frozen=True)
class Wanted:
    """Which checkpoints of a model dir: `all_` that are there, `wait` for new ones.

    `timeout` seconds without a new one end the wait, `interval` seconds lie between two looks; None: an hour, and
    `eval_config.eval_interval_secs` where it is written, else 10.
    """

    model_dir: Path
    all_: bool = False
    wait: bool = False
    timeout: float | None = None
    interval: float | None = None


def evaluate_several(
    job: Job, evaluator: CheckpointEvaluator, wanted: Wanted, say: Say
) -> Iterator[Evaluated]:
    """The wanted checkpoints with their evaluations, which are noted in `eval/` of the model dir.

    `say` is told what is left out, and why a wait ended. Raises UserError for a checkpoint that is not of this network.
    """
    log = EvalLog(eval_folder(wanted.model_dir, evaluator.reader_name))
    try:
        if wanted.wait:
            yield from _evaluate_new(evaluator, _watch(job, wanted, say), log, job)
        else:
            yield from _evaluate_all(evaluator, wanted.model_dir, log, say)
    finally:
        log.close()


def _watch(job: Job, wanted: Wanted, say: Say) -> Watch:
    eval_config = job.config.message("eval_config")
    written = eval_config.integer("eval_interval_secs") if eval_config.has("eval_interval_secs") else 0
    interval = (written or INTERVAL) if wanted.interval is None else wanted.interval
    timeout = TIMEOUT if wanted.timeout is None else wanted.timeout
    return Watch(wanted.model_dir, timeout, interval, newest_only=not wanted.all_, say=say)


def _evaluate_all(
    evaluator: CheckpointEvaluator, model_dir: Path, log: EvalLog, say: Say
) -> Iterator[Evaluated]:
    """Every checkpoint of a model dir, oldest first; each is noted in `log`. Raises UserError if there is none."""
    prefixes = listed_checkpoints(model_dir)
    if not prefixes:
        raise UserError("no checkpoint is in this model dir", path=str(model_dir), hint="train first")
    for prefix in prefixes:
        found = _evaluated(evaluator, read_checkpoint(str(prefix)), log, say)
        if found is not None:
            yield found


def _evaluate_new(
    evaluator: CheckpointEvaluator, watch: Watch, log: EvalLog, job: Job
) -> Iterator[Evaluated]:
    """The checkpoints of a model dir as `watch` finds them, each once, also over several calls: `log` knows them.

    Ends with the checkpoint of the last step of the run, after `eval_config.max_evals` evaluations where the config
    writes it, or when `watch` gives up. A checkpoint that is deleted in the meantime is left out.
    """
    reached, count = UNKNOWN_STEP, 0
    limit = job.config.message("eval_config").integer("max_evals")

    def finished() -> bool:
        return 0 < last_step(job, watch.model_dir) <= reached or 0 < limit <= count

    for checkpoint in watch.checkpoints(finished):
        name = Path(checkpoint.path).name
        step = training_step(checkpoint)
        if (name, step) in log.done:
            watch.say(f"{name} of step {step} has been evaluated before")
            reached = step
            continue
        found = _evaluated(evaluator, checkpoint, log, watch.say)
        if found is not None:
            reached, count = step, count + 1
            yield found
    if 0 < limit <= count:
        watch.say(f"eval_config.max_evals is {limit}: stopped")


def last_step(job: Job, model_dir: Path) -> int:
    """The step that the run in a model dir goes to: `num_steps` of the config that it runs, else that of the job's."""
    path = model_dir / "pipeline.config"
    config = read_config(parse(read_proto(str(path)))) if path.is_file() else job.config
    return config.find("train_config").integer("num_steps")


def _evaluated(
    evaluator: CheckpointEvaluator, checkpoint: Checkpoint, log: EvalLog, say: Say
) -> Evaluated | None:
    """Evaluate and note a checkpoint; None if it was deleted before its values were read."""
    name = Path(checkpoint.path).name
    try:
        step, evaluation = evaluator.evaluate(checkpoint)
    except UserError:
        if not gone(checkpoint):
            raise
        say(f"{name} is gone, skipped")
        return None
    log.write(name, step, evaluation)
    return checkpoint, step, evaluation
