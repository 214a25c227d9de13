"""The training loop, to be read in a minute: next batch, one step, and the hooks that log, evaluate and save."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Any, Protocol

from cfgtool.errors import UserError

TOTAL_LOSS = "Loss/total_loss"


class Hook(Protocol):
    """Something that happens beside the steps. `step` counts finished steps."""

    def due(self, step: int) -> bool:
        """Whether `run` is wanted after this step."""

    def run(self, step: int, values: Mapping[str, float]) -> str | None:
        """Do it; `values` are the losses of the step, its learning rate and the steps per second since last time.

        A text ends the run after the other hooks of this step, and says why.
        """


@dataclass
class Loop:
    """What a run needs: `step_fn` takes a batch to the values of its step, `batches` never ends."""

    step_fn: Callable[[Any], Mapping[str, Any]]
    batches: Iterator[Any]
    start: int
    target: int
    not_finite: Callable[[int, Mapping[str, Any], Any], UserError]
    """What to raise for a step, its values and its batch, when the loss is not finite."""
    hooks: list[Hook] = field(default_factory=list)
    on_step: Callable[[int], None] = lambda step: None
    on_stop: Callable[[], None] = lambda: None
    """Told at once when the user asks for a stop; the step goes on."""
    settled: Callable[[bool], bool] = lambda stop: stop
    """Whether to stop after this step, given whether this process wants to; all processes of a run stop together."""
    ended_by: str | None = None
    """Why a hook ended the run; None after the target and after a signal."""

    def run(self) -> int:
        """Train from `start` to `target`; returns the step reached, earlier than `target` after Ctrl-C or SIGTERM, or
        when a hook said so (`ended_by`).

        Raises UserError when the loss is not finite: the weights of that step are not saved.
        """
        meter = _Meter()
        with _StopSignals(self.on_stop) as stop:
            for step in range(self.start + 1, self.target + 1):
                batch = next(self.batches)
                values = self.step_fn(batch)
                # Fetching one number waits for the step, which keeps the loop from running ahead of the device.
                if not math.isfinite(float(values[TOTAL_LOSS])):
                    raise self.not_finite(step, values, batch)
                meter.steps += 1
                self.on_step(step)
                due = [hook for hook in self.hooks if hook.due(step)]
                if due:
                    numbers = {name: float(value) for name, value in values.items()}
                    numbers["steps_per_sec"] = meter.rate()
                    reasons = [hook.run(step, numbers) for hook in due]
                    self.ended_by = next((reason for reason in reasons if reason), None)
                    meter.restart()
                if self.settled(stop.asked or bool(self.ended_by)):
                    return step
        return self.target


class _Meter:
    """Steps per second since the last restart, hooks not counted."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.steps = 0
        self._began = time.perf_counter()

    def rate(self) -> float:
        return self.steps / max(time.perf_counter() - self._began, 1e-9)


class _StopSignals:
    """Ctrl-C and SIGTERM ask for a stop after the running step; a second Ctrl-C stops at once."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self.asked = False
        self._tell = tell
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> _StopSignals:
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                self._previous[number] = signal.signal(number, self._ask)
            except ValueError:  # not the main thread: whoever runs us there handles signals
                break
        return self

    def _ask(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        if not self.asked:
            self.asked = True
            self._tell()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
