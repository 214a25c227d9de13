"""Charts of a learning-rate schedule and of what runs have logged."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cfgtool.schema import Config
from cfgtool.training.report.chart import Band, Chart, Series, draw_chart, legend, legend_rows
from cfgtool.training.report.history import LEARNING_RATE, LOSS, History
from cfgtool.training.report.scene import Label, Point, Scene, Shape, in_grid
from cfgtool.training.run.loop import TOTAL_LOSS
from cfgtool.training.run.schedules import Schedule, build_schedule
from cfgtool.training.run.tags import metric_title
from cfgtool.training.starting.plan import learning_rate_config

_POINTS = 1500
_JUMP = 0.02
"""Neighbouring points that differ by more of the whole range get what lies between them."""
_WARM_UPS = {
    "cosine_decay_learning_rate": ("warmup_steps", "warm-up"),
    "exponential_decay_learning_rate": ("burnin_steps", "burn-in"),
}
_MANY = 6
_PANEL = (620.0, 330.0)


def rate_chart(config: Config, name: str, steps: int, *, log: bool = False) -> Chart:
    """The learning rate of a pipeline config over the steps 0 .. `steps` - 1.

    Raises UserError where the config gives no schedule.
    """
    message = learning_rate_config(config)
    schedule = build_schedule(message)
    points = rate_points(schedule, steps)
    peak = max(points, key=lambda point: point[1])
    marks = dict.fromkeys([points[0], peak, points[-1]])
    said = ", ".join(f"{rate:.4g} at step {step:,.0f}" for step, rate in marks)
    if len({rate for _, rate in points}) == 1:
        said = f"{peak[1]:.4g} at every step"
    kind = schedule.kind.removesuffix("_learning_rate").replace("_", " ")
    notes = [f"{kind}: {said}"]
    if log and any(rate <= 0 for _, rate in points):
        notes.append("steps at rate 0 have no place on a logarithmic scale")
    return Chart(
        f"Learning rate of {name}",
        "step",
        "learning rate" + (", logarithmic" if log else ""),
        [Series("learning rate", points)],
        notes,
        list(_warm_up(message, steps)),
        log,
        (0.0, float(max(steps - 1, 1))),
    )


def rate_points(schedule: Schedule, steps: int) -> list[Point]:
    """(step, rate) close enough together that nothing of the curve is lost, jumps included."""
    last = max(steps - 1, 1)
    grid = sorted({round(last * number / _POINTS) for number in range(_POINTS + 1)})
    rates = {step: schedule(step) for step in grid}
    leap = _JUMP * (max(rates.values()) - min(rates.values()))
    stretches = list(itertools.pairwise(grid))
    while stretches:
        low, high = stretches.pop()
        if high - low > 1 and abs(rates[high] - rates[low]) > leap:
            middle = (low + high) // 2
            rates[middle] = schedule(middle)
            stretches += ((low, middle), (middle, high))
    return [(float(step), rates[step]) for step in sorted(rates)]


def _warm_up(message: Config, steps: int) -> Iterable[Band]:
    """The steps before the schedule proper begins."""
    kind = message.which("learning_rate") or ""
    chosen = message.message(kind)
    if kind in _WARM_UPS:
        field, name = _WARM_UPS[kind]
        end = chosen.integer(field)
    elif kind == "manual_step_learning_rate" and chosen.flag("warmup"):
        end, name = chosen.messages("schedule")[0].integer("step"), "warm-up"
    else:
        return
    if end > 0:
        more = f", {end:,} steps" + (" (beyond the end)" if end > steps else "")
        yield Band(0.0, float(end), name + more)


def run_charts(histories: Sequence[History], *, smooth: float = 0.0, log: bool = False) -> list[Chart]:
    """A chart for each loss, the learning rate and the mean average precision, with a curve for each run.

    `smooth`, 0 to below 1, is the weight of what came before (see `smoothed`); `log` scales the losses.
    """
    names = run_names(histories)
    terms = list(dict.fromkeys(term for history in histories for term in history.loss_terms))
    if TOTAL_LOSS in terms:
        terms.insert(0, terms.pop(terms.index(TOTAL_LOSS)))
    charts = [
        Chart(title_of(term), "step", "loss", _each(histories, names, term, smooth), log=log)
        for term in terms
    ]
    if any(LEARNING_RATE in history.tags for history in histories):
        series = _each(histories, names, LEARNING_RATE)
        charts.append(Chart("Learning rate", "step", "learning rate", series))
    tags = list(dict.fromkeys(tag for history in histories for tag in history.main_metrics))
    charts += [
        Chart(title_of(tag), "step", "average precision", _each(histories, names, tag)) for tag in tags
    ]
    end = max(history.last_step for history in histories)
    start = min(history.rows[0]["step"] for history in histories)
    return [_with_range(chart, start, float(end)) for chart in charts]


def draw_runs(histories: Sequence[History], charts: Sequence[Chart]) -> Scene:
    """The charts in a grid below the names of the runs."""
    width, height = _PANEL
    columns = 2 if len(charts) < _MANY else 3
    whole = width * min(columns, len(charts))
    names = [Series(name, [], number) for number, name in enumerate(run_names(histories))]
    title = "Losses and metrics of " + (names[0].name if len(names) == 1 else f"{len(names)} runs")
    shapes: list[Shape] = [Label(14, 30, title, 17, bold=True)]
    head = 40.0
    if len(names) > 1:
        shapes += legend(names, whole, head + 14)
        head += 19 * legend_rows(names, whole) + 4
    panels = [draw_chart(chart, width, height) for chart in charts]
    return in_grid(panels, columns, title, Scene(whole, head, title, shapes))


def title_of(tag: str) -> str:
    """A tag as people read it: `Loss/total_loss` is "Total loss"."""
    if tag.startswith(LOSS):
        words = tag.removeprefix(LOSS).replace("_", " ").replace("/", ": ")
        return words[:1].upper() + words[1:]
    return metric_title(tag)


def smoothed(points: Sequence[Point], weight: float) -> list[Point]:
    """The exponential moving average, corrected for its start (as Adam's moments are); gaps stay gaps."""
    mean, total, result = 0.0, 0.0, []
    for x, y in points:
        if math.isfinite(y):
            mean, total = weight * mean + (1 - weight) * y, weight * total + 1 - weight
            result.append((x, mean / total))
        else:
            result.append((x, math.nan))
    return result


def run_names(histories: Sequence[History]) -> list[str]:
    """A name for each run: the last part of its folder that tells it from the others."""
    parts = [history.folder.resolve().parts for history in histories]
    if len(parts) == 1:
        return [parts[0][-1]]
    shared = 0
    while shared < min(map(len, parts)) - 1 and len({part[-1 - shared] for part in parts}) == 1:
        shared += 1
    names = [part[-1 - shared] for part in parts]
    if len(set(names)) == len(names):
        return names
    return ["/".join(part) for part in parts]


def _each(histories: Sequence[History], names: Sequence[str], tag: str, smooth: float = 0.0) -> list[Series]:
    """The curves of a tag, one a run; smoothed ones before a faint copy of what was logged."""
    found: list[Series] = []
    for number, (history, name) in enumerate(zip(histories, names, strict=True)):
        points = history.values(tag)
        if not points:
            continue
        if smooth:
            found.append(Series(name, points, number, faint=True))
            points = smoothed(points, smooth)
        found.append(Series(name, points, number))
    return found


def _with_range(chart: Chart, start: float, end: float) -> Chart:
    return replace(chart, x_range=(start, end))
