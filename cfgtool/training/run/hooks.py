"""What happens beside the steps of every run: values are logged, checkpoints are saved, the end is foretold."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Mapping

from cfgtool.training.run.saving import Saver
from cfgtool.training.run.telemetry import MetricsFile, Progress, TensorBoard
from cfgtool.training.starting.estimates import IMAGE_RATE, RATE, in_time

_FORETELLING_STEPS = 10
"""Steps after the first, which traces, from whose time the end is foretold."""


class LogHook:
    """Values to `metrics.jsonl`, TensorBoard and the screen: every so many steps, and at the first and the last."""

    def __init__(
        self,
        every: int,
        target: int,
        metrics: MetricsFile,
        board: TensorBoard,
        progress: Progress,
        batch_size: int,
    ) -> None:
        self._every, self._target, self._batch_size = every, target, batch_size
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
        values = {**values, IMAGE_RATE: values[RATE] * self._batch_size}
        self._metrics.write(step, values)
        self._board.write(step, values)
        self._progress.report(step, values)
        return None


class EtaHook:
    """Says once, after a few steps, how long the run will take: by the median of their times, without what hooks take."""

    def __init__(self, first: int, target: int, progress: Progress) -> None:
        self._end = first + 1 + _FORETELLING_STEPS
        self._target, self._progress = target, progress
        self._times: list[float] = []

    def due(self, step: int) -> bool:
        """See `Hook`."""
        if step <= self._end:
            self._times.append(time.perf_counter())
        return step == self._end and step < self._target

    def run(self, step: int, values: Mapping[str, float]) -> str | None:  # noqa: ARG002
        """See `Hook`."""
        median = statistics.median(after - before for before, after in itertools.pairwise(self._times))
        left = in_time((self._target - step) * median)
        rate = f"{1 / max(median, 1e-9):.3g} a second"
        self._progress.say(f"about {left} left for {self._target - step:,} steps at {rate}")
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
