"""What happens beside the steps of every run: values are logged, checkpoints are saved."""

from __future__ import annotations

import time
from collections.abc import Mapping

from cfgtool.training.run.saving import Saver
from cfgtool.training.run.telemetry import MetricsFile, Progress, TensorBoard


class LogHook:
    """Values to `metrics.jsonl`, TensorBoard and the screen: every so many steps, and at the first and the last."""

    def __init__(
        self, every: int, target: int, metrics: MetricsFile, board: TensorBoard, progress: Progress
    ) -> None:
        self._every, self._target = every, target
        self._metrics, self._board, self._progress = metrics, board, progress
        self._began = time.perf_counter()
        self._started = False

    def due(self, step: int) -> bool:
        """See `Hook`."""
        if not self._started:
            # Tracing makes the first step slow; its time is of interest by itself.
            self._started = True
            self._progress.say(f"first step done after {time.perf_counter() - self._began:.1f} s")
            return True
        return step % self._every == 0 or step == self._target

    def run(self, step: int, values: Mapping[str, float]) -> str | None:
        """See `Hook`."""
        self._metrics.write(step, values)
        self._board.write(step, values)
        self._progress.report(step, values)
        return None


class SaveHook:
    """A checkpoint every so many steps and at the end."""

    def __init__(self, every: int, target: int, saver: Saver) -> None:
        self._every, self._target, self._saver = every, target, saver

    def due(self, step: int) -> bool:
        """See `Hook`."""
        return step % self._every == 0 or step == self._target

    def run(self, step: int, values: Mapping[str, float]) -> str | None:  # noqa: ARG002
        """See `Hook`."""
        self._saver.save()
        return None
