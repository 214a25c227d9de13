"""Evaluation inside a run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cfgtool.schema import Config
from cfgtool.training.run.assembly import Assembly
from cfgtool.training.run.evaluation import Evaluator
from cfgtool.training.run.metrics import MAIN_METRIC
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.run.telemetry import MetricsFile, Progress, TensorBoard


class EvalHook:
    """COCO metrics every so many steps and at the end, to `metrics.jsonl` and TensorBoard's `eval`."""

    def __init__(
        self,
        options: TrainOptions,
        target: int,
        config: Config,
        assembly: Assembly,
        metrics: MetricsFile,
        progress: Progress,
    ) -> None:
        self._every, self._target = options.eval_every or 0, target
        self._evaluator = Evaluator(config, assembly)
        self._metrics, self._progress = metrics, progress
        self._board = TensorBoard(options.model_dir / "eval")

    def due(self, step: int) -> bool:
        """See `Hook`."""
        return step % self._every == 0 or step == self._target

    def run(self, step: int, values: Mapping[str, float]) -> str | None:  # noqa: ARG002
        """See `Hook`."""
        evaluation = self._evaluator.run()
        found = evaluation.values
        self._metrics.write(
            step, {name: value for name, value in found.items() if not name.startswith("Loss/")}
        )
        self._board.write(step, found)
        pictures = [np.asarray(image) for image in evaluation.side_by_side()]
        for number, picture in enumerate(pictures):
            self._board.image(step, f"eval_side_by_side_{number}", picture[np.newaxis])
        self._progress.say(
            f"step {step}: {MAIN_METRIC} {found[MAIN_METRIC]:.4f}, @.50IOU {found[MAIN_METRIC + '@.50IOU']:.4f}"
        )
        return None
