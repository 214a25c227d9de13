"""The loop by itself: where it ends, what it does before, and how it is stopped."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cfgtool.errors import UserError
from cfgtool.training.run.loop import TOTAL_LOSS, Loop


class Recorder:
    """A hook at some steps, which may end the run."""

    def __init__(self, steps: set[int], end: str | None = None) -> None:
        self.steps, self.end = steps, end
        self.seen: list[int] = []
        self.rates: list[float] = []

    def due(self, step: int) -> bool:
        return step in self.steps

    def run(self, step: int, values: Mapping[str, float]) -> str | None:
        self.seen.append(step)
        self.rates.append(values["steps_per_sec"])
        return self.end


def loop(step_fn: Callable[[int], float], hooks: list[Any], start: int = 0, target: int = 5) -> Loop:
    """A loop whose batches are the numbers of their steps."""

    def not_finite(step: int, values: Mapping[str, Any], batch: int) -> UserError:
        return UserError(f"step {step}, batch {batch}, loss {values[TOTAL_LOSS]}")

    batches = itertools.count(start + 1)
    return Loop(lambda batch: {TOTAL_LOSS: step_fn(batch)}, batches, start, target, not_finite, hooks)


def test_it_ends_at_the_target() -> None:
    hook = Recorder({2, 4, 5})
    made = loop(lambda batch: 1.0, [hook], start=2)
    steps: list[int] = []
    made.on_step = steps.append
    assert made.run() == 5
    assert steps == [3, 4, 5]
    assert hook.seen == [4, 5]
    assert min(hook.rates) > 0
    assert made.ended_by is None
    assert next(made.batches) == 6, "no batch is drawn in vain"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_ends_it_before_any_hook(value: float) -> None:
    hook = Recorder({1, 2, 3})
    with pytest.raises(UserError, match=f"step 2, batch 2, loss {value}"):
        loop(lambda batch: value if batch == 2 else 1.0, [hook]).run()
    assert hook.seen == [1]


def test_a_hook_ends_it_after_the_others_of_its_step() -> None:
    first, second = Recorder({3}, "enough"), Recorder({3, 4})
    made = loop(lambda batch: 1.0, [first, second])
    assert made.run() == 3
    assert made.ended_by == "enough"
    assert second.seen == [3]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_after_the_step(number: int) -> None:
    def step(batch: int) -> float:
        if batch == 2:
            os.kill(os.getpid(), number)
        return 1.0

    before = signal.getsignal(number)
    hook, told = Recorder({2}), []
    made = loop(step, [hook])
    made.on_stop = lambda: told.append("stopping")
    assert made.run() == 2
    assert hook.seen == [2], "what is due with the step is done"
    assert told == ["stopping"]
    assert made.ended_by is None
    assert signal.getsignal(number) == before


def test_a_second_interrupt_ends_it_at_once() -> None:
    def step(batch: int) -> float:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
        return 1.0

    hook = Recorder({1})
    with pytest.raises(KeyboardInterrupt):
        loop(step, [hook]).run()
    assert hook.seen == []
