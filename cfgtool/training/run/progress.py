"""The progress display on standard error: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from types import TracebackType

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from cfgtool.training.run.loop import TOTAL_LOSS
from cfgtool.training.run.tags import main_metrics
from cfgtool.training.starting.estimates import IMAGE_RATE, RATE

_SMOOTHING = 0.8
"""Share that the logged losses before keep in the shown one."""


class Progress:
    """Step, rate, time left, loss, learning rate and the metric of evaluations.

    In a terminal these are two lines that stay at the bottom; elsewhere there is one line for each logged step. Where
    `quiet`, neither, but what `say` is told with `important`.
    """

    def __init__(self, total: int, start: int, *, best: str | None = None, quiet: bool = False) -> None:
        self.console = Console(stderr=True)
        self._total, self._best_metric, self._quiet = total, best, quiet
        self._loss = _Smoothed()
        self._rate = self._images = math.nan
        self._metric: tuple[int, float] | None = None
        self._best: tuple[int, float] | None = None
        self._bar = _TwoLines(
            TextColumn("training"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            _RateColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            disable=quiet or not self.console.is_terminal,
            refresh_per_second=4,
        )
        self._task = self._bar.add_task("training", total=total, completed=start)

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self, step: int) -> None:
        """Move the bar to `step`."""
        self._bar.update(self._task, completed=step)

    def report(self, step: int, values: Mapping[str, float]) -> None:
        """Show the values of a logged step: below the bar, and as a line of its own where nobody watches."""
        self._loss.add(values.get(TOTAL_LOSS, math.nan))
        self._rate = values.get("learning_rate", math.nan)
        self._images = values.get(IMAGE_RATE, math.nan)
        self._bar.below = self._values()
        self._bar.update(self._task, completed=step)
        if not self.console.is_terminal:
            terms = "  ".join(
                f"{key.removeprefix('Loss/').removesuffix('_loss')} {value:.4f}"
                for key, value in values.items()
                if key.startswith("Loss/")
            )
            speed = f"{values.get(RATE, 0.0):.2f} steps/s  {self._images:.1f} images/s"
            self.say(f"step {step}/{self._total}  {terms}  rate {self._rate:.3g}  {speed}")

    def evaluated(self, step: int, values: Mapping[str, float | None]) -> None:
        """Show the metric of an evaluation, where `values` are of one: the one to judge by, and its best so far."""
        name = self._best_metric or next(iter(main_metrics(values)), None)
        value = values.get(name) if name is not None else None
        if value is None:
            return
        self._metric = (step, value)
        if self._best is None or value > self._best[1]:
            self._best = self._metric
        self._bar.below = self._values()

    def _values(self) -> str:
        """The line below the bar."""
        parts = [
            f"loss {self._loss.value:.4f}",
            f"rate {self._rate:.3g}",
            f"{self._images:.3g} images/s",
        ]
        if self._metric is not None and self._best is not None:
            name = "mAP" if self._best_metric is None else self._best_metric.rpartition("/")[2]
            parts.append(f"{name} {self._metric[1]:.4f} at {self._metric[0]:,}")
            parts.append(f"best {self._best[1]:.4f} at {self._best[0]:,}")
        return "  ".join(parts)

    def say(self, text: str, *, important: bool = False) -> None:
        """Print a line above the bar."""
        if self._quiet and not important:
            return
        with contextlib.suppress(BrokenPipeError):
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)


class _Smoothed:
    """An exponential average that begins at its first value."""

    def __init__(self) -> None:
        self.value = math.nan

    def add(self, value: float) -> None:
        known = not math.isnan(self.value)
        self.value = _SMOOTHING * self.value + (1 - _SMOOTHING) * value if known else value


class _TwoLines(Bar):
    """A bar with a line of values below it."""

    below = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        """See rich."""
        yield from super().get_renderables()
        if self.below:
            yield Text(self.below, no_wrap=True, overflow="ellipsis")


class _RateColumn(ProgressColumn):
    """Steps a second, over the last half minute."""

    def render(self, task: Task) -> Text:
        """See rich."""
        return Text(f"{task.speed:.3g} steps/s" if task.speed else "", no_wrap=True)
