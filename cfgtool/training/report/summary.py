"""What is to be said of a run first: how far it came, how well it does, how fast it was."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from cfgtool.training.architecture import TRAINED
from cfgtool.training.report.curves import title_of
from cfgtool.training.report.folder import RunFolder, restored
from cfgtool.training.report.history import STEPS_PER_SEC, History
from cfgtool.training.run.loop import TOTAL_LOSS

_FELL = 0.01
"""A last evaluation that is so much below the best one is worth a word."""


@dataclass(frozen=True)
class Fact:
    """A line of the summary; `flag` marks what deserves attention."""

    term: str
    text: str
    flag: bool = False


@dataclass(frozen=True)
class Summary:
    """The verdict on a run and what it rests on; `severity` is "ok", "warning" or "error"."""

    severity: str
    verdict: str
    hints: list[str]
    facts: list[Fact]


def summarise(run: RunFolder) -> Summary:
    """The summary of a run, finished or not."""
    history = run.history
    step, target = history.last_step, _target(run)
    evaluated = best_and_last(history)
    hints = []
    severity = "ok"
    if target is not None and step < target:
        severity = "warning"
        hints.append(f"The run is at step {step:,} of {target:,}: it is going on, or was stopped.")
    losses = history.values(TOTAL_LOSS)
    if losses and math.isnan(losses[-1][1]):
        severity = "error"
        hints.append(f"The total loss was not finite at step {losses[-1][0]:,.0f}.")
    if evaluated is None:
        verdict = f"step {step:,}, not evaluated"
        if losses and not math.isnan(losses[-1][1]):
            verdict = f"total loss {losses[-1][1]:.4g} at step {losses[-1][0]:,.0f}, not evaluated"
        hints.append("No evaluation is logged: train with --eval-every, or run cfgtool evaluate.")
    else:
        (best_step, best), (last_step, last) = evaluated
        name = title_of(history.main_metric or "")
        verdict = f"{name} {last:.3f} at step {last_step:,.0f}"
        if best_step != last_step:
            verdict += f", best {best:.3f} at step {best_step:,.0f}"
        if best - last > _FELL:
            hints.append(f"The last evaluation is {best - last:.3f} below the best one.")
    return Summary(severity, verdict, hints, list(_facts(run, target)))


def best_and_last(history: History) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """(step, value) of the best and of the last evaluation by the main metric; None where there is none."""
    tag = history.main_metric
    # -1 stands for a metric without groundtruth.
    found = [point for point in history.values(tag) if point[1] >= 0] if tag is not None else []
    return (max(found, key=lambda point: point[1]), found[-1]) if found else None


def speed(history: History) -> float | None:
    """Steps per second, the median of what was logged."""
    rates = [rate for _, rate in history.values(STEPS_PER_SEC) if rate > 0]
    return statistics.median(rates) if rates else None


def training_seconds(history: History) -> float | None:
    """About how long the logged steps took; evaluations and saving are not in it."""
    total, before = 0.0, 0.0
    for step, rate in history.values(STEPS_PER_SEC):
        if rate > 0:
            total += (step - before) / rate
        before = step
    return total or None


def _target(run: RunFolder) -> int | None:
    steps = run.config.message("train_config").integer("num_steps") if run.config is not None else 0
    return steps or None


def _facts(run: RunFolder, target: int | None) -> Iterator[Fact]:
    history, config = run.history, run.config
    yield Fact("Run", str(run.path))
    if config is not None:
        kind = config.message("model").which("model")
        if kind in TRAINED:
            detector = config.find(f"model.{kind}")
            network = detector.message("feature_extractor").text("type") if kind == "ssd" else kind
            yield Fact("Network", f"{network}, {detector.integer('num_classes')} classes")
    batch = config.message("train_config").integer("batch_size") if config is not None else 0
    of = f" of {target:,}" if target is not None else ""
    yield Fact("Steps", f"{history.last_step:,}{of}" + (f", batches of {batch}" if batch else ""))
    rate = speed(history)
    if rate is not None:
        images = f", {rate * batch:,.1f} images/s" if batch else ""
        yield Fact("Speed", f"{rate:,.2f} steps/s{images} (median)")
    seconds = training_seconds(history)
    if seconds is not None:
        yield Fact("Time", f"about {duration(seconds)} of steps; evaluations are not in it")
    yield Fact("Evaluations", f"{len(history.evaluations):,}")
    if run.checkpoints:
        yield Fact("Checkpoints", ", ".join(run.checkpoints))
    if len(run.starts) > 1:
        yield Fact("Starts", f"{len(run.starts)}: the run was resumed")
    if config is not None:
        start = restored(config)
        yield Fact(
            "Start weights", start.text + (f" {start.hint}" if start.hint else ""), start.severity != "ok"
        )
    for note in run.notes:
        yield Fact("Note", note, True)


def duration(seconds: float) -> str:
    """A time span in its two largest units."""
    whole = max(1, round(seconds))
    hours, minutes = whole // 3600, whole // 60
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"
