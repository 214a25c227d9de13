"""Evaluation of a checkpoint, outside of a run."""

from __future__ import annotations

from cfgtool.checkpoints import Checkpoint
from cfgtool.training.assemblies import build_assembly
from cfgtool.training.evaluation.evaluator import Evaluation, Evaluator
from cfgtool.training.evaluation.settings import find_reader
from cfgtool.training.evaluation.weights import load_weights
from cfgtool.training.input.pipeline import input_problems
from cfgtool.training.run.job import Job


class CheckpointEvaluator:
    """Evaluates one checkpoint after another with one network, which is built and traced once."""

    def __init__(
        self, job: Job, *, reader: str | None = None, per_class: bool = False, curves: bool = False
    ) -> None:
        """`reader` is the name or number of the `eval_input_reader`, the first one for None; `per_class` adds the mAP of
        every class, `curves` precision over recall.

        Raises UserError for what cannot be built, read or computed as the config says.
        """
        for path, message in input_problems(job.config):
            if path.startswith(("eval_", "model")):
                raise job.fail(f"{path}: {message}")
        self._job = job
        self._assembly = build_assembly(job.config)
        number = find_reader(job, reader)
        self.reader_name = job.config.messages("eval_input_reader")[number].text("name")
        self._evaluator = Evaluator(job, self._assembly, number)
        self._per_class, self._curves = per_class, curves

    def evaluate(self, checkpoint: Checkpoint) -> tuple[int, Evaluation]:
        """(training step, evaluation) of a checkpoint of this network. Raises UserError as `load_weights` does."""
        network = self._assembly.network.description
        step = load_weights(self._job, network, self._assembly.weights, checkpoint)
        return step, self._evaluator.run(per_class=self._per_class, curves=self._curves)


def evaluate_checkpoint(
    job: Job,
    checkpoint: Checkpoint,
    *,
    reader: str | None = None,
    per_class: bool = False,
    curves: bool = False,
) -> tuple[int, Evaluation]:
    """(training step, evaluation) of one checkpoint; see `CheckpointEvaluator`."""
    return CheckpointEvaluator(job, reader=reader, per_class=per_class, curves=curves).evaluate(checkpoint)
