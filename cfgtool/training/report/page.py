"""A run as one page of HTML that needs nothing else; it looks like the page of `cfgtool match`.

Without scripts it shows everything but the values under the pointer, and those are in a table.
"""

from __future__ import annotations

import base64
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cfgtool.matching.report.document import asset, document
from cfgtool.matching.report.markup import escape
from cfgtool.training.report.chart import Chart, draw_chart
from cfgtool.training.report.curves import run_charts, title_of
from cfgtool.training.report.folder import RunFolder
from cfgtool.training.report.history import LEARNING_RATE, History
from cfgtool.training.report.scene import DARK, LIGHT
from cfgtool.training.report.summary import Summary, summarise
from cfgtool.training.report.svg import CLASSES, scene_as_element
from cfgtool.training.run.tags import is_of_class

_CHART = (420.0, 280.0)
_SMOOTH = 0.6
_LEAST_TO_SMOOTH = 60
_WIDE = 30.0
"""A loss whose largest value is so many times its smallest one is drawn on a logarithmic scale."""
_TABLE_ROWS = 40


def run_as_page(run: RunFolder) -> str:
    """The whole document."""
    summary = summarise(run)
    name = run.path.resolve().name
    folder = os.path.dirname(__file__)
    return document(
        f"{summary.verdict} – {name}",
        f"<b>cfgtool report</b> {escape(name)}",
        "".join(_body(run, summary)),
        "What a run logged and left in its model dir, as cfgtool report read it.",
        style=asset("page.css", folder) + CLASSES,
        script=asset("page.js", folder),
        light=LIGHT,
        dark=DARK,
    )


def _body(run: RunFolder, summary: Summary) -> Iterator[str]:
    yield f'<section class="verdict {summary.severity}"><h1>{escape(summary.verdict)}</h1>'
    yield "".join(f"<p>{escape(hint)}</p>" for hint in summary.hints) + "</section>"
    rows = "".join(
        f"<dt>{escape(fact.term)}</dt><dd{' class=flag' if fact.flag else ''}>{escape(fact.text)}</dd>"
        for fact in summary.facts
    )
    yield f'<section class="card"><h2>The run</h2><dl>{rows}</dl></section>'
    yield from _curves(run.history)
    yield from _metrics(run.history)
    yield from _classes(run.history)
    yield from _pictures(run.pictures)
    yield from _environment(run.starts)
    yield from _config(run.config_text)


def _curves(history: History) -> Iterator[str]:
    """A chart each for losses, rate and metric, and the values behind them."""
    smooth = _SMOOTH if len(history.rows) >= _LEAST_TO_SMOOTH else 0.0
    yield '<section class="card long"><h2>Curves</h2><div class="charts">'
    for chart in run_charts([history], smooth=smooth):
        scene = draw_chart(
            replace(chart, log=True, y_label=f"{chart.y_label}, logarithmic") if _is_wide(chart) else chart,
            *_CHART,
        )
        yield f"<figure>{scene_as_element(replace(scene, title=_in_words(chart)))}</figure>"
    yield "</div>"
    if smooth:
        yield f'<p class="soft">Losses are smoothed (moving average, {smooth:g} of it from before); pale: as logged.</p>'
    yield from _values(history)
    yield "</section>"


def _is_wide(chart: Chart) -> bool:
    """Whether a chart of losses is to be drawn on a logarithmic scale."""
    values = [y for series in chart.series for _, y in series.points if math.isfinite(y)]
    return chart.y_label == "loss" and bool(values) and min(values) > 0 and max(values) > _WIDE * min(values)


def _in_words(chart: Chart) -> str:
    """What a chart shows, for whoever does not see it."""
    points = [point for point in chart.series[-1].points if math.isfinite(point[1])]
    if not points:
        return f"{chart.title}: no values"
    marks = dict.fromkeys([points[0], min(points, key=_value), max(points, key=_value), points[-1]])
    said = ", ".join(f"{value:.4g} at step {step:,.0f}" for step, value in sorted(marks))
    return f"{chart.title}: {said}"


def _value(point: tuple[float, float]) -> float:
    return point[1]


def _values(history: History) -> Iterator[str]:
    """Logged values as a table, of long runs some of the steps."""
    tags = [*history.loss_terms, LEARNING_RATE]
    columns = {tag: dict(history.values(tag)) for tag in tags if tag in history.tags}
    if not columns:
        return
    steps = sorted({step for column in columns.values() for step in column})
    shown = steps
    if len(steps) > _TABLE_ROWS:
        places = (round(number * (len(steps) - 1) / (_TABLE_ROWS - 1)) for number in range(_TABLE_ROWS))
        shown = [steps[place] for place in places]
    what = "every logged step" if shown is steps else f"{len(shown)} of {len(steps):,} logged steps"
    rows = ([f"{step:,.0f}", *(_number(column.get(step)) for column in columns.values())] for step in shown)
    yield f"<details><summary>Values as a table: {what}</summary>"
    yield from _table(["step", *map(title_of, columns)], rows)
    yield "</details>"


def _metrics(history: History) -> Iterator[str]:
    """All metrics of the last evaluation beside their best values."""
    if not history.evaluations:
        return
    last = history.evaluations[-1]
    rows = []
    for tag, value in last.items():
        if tag == "step" or is_of_class(tag):
            continue
        points = [point for point in history.values(tag) if math.isfinite(point[1])]
        best = max(points, key=_value, default=(math.nan, math.nan))
        known = value >= 0
        rows.append(
            [
                tag,
                f"{value:.4f}" if known else "no groundtruth",
                f"{best[1]:.4f} at step {best[0]:,.0f}" if known else "",
            ]
        )
    yield f'<section class="card long"><h2>Metrics of the evaluation at step {last["step"]:,.0f}</h2>'
    yield from _table(["metric", "last", "highest"], rows)
    yield "</section>"


def _classes(history: History) -> Iterator[str]:
    """The average precision of each class, the best one first."""
    found = {name: [point for point in points if point[1] >= 0] for name, points in history.by_class.items()}
    if not found:
        return
    ordered = sorted(found.items(), key=lambda item: -(item[1][-1][1] if item[1] else -1.0))
    yield '<section class="card long"><h2>Average precision of each class</h2><div class="scroll"><table>'
    yield "<thead><tr><th>class<th><th>last<th>highest</thead><tbody>"
    for name, points in ordered:
        if not points:
            yield f"<tr><td>{_breakable(name)}<td><td>no groundtruth<td>"
            continue
        (_, last), best = points[-1], max(points, key=_value)
        yield (
            f"<tr><td>{_breakable(name)}<td>{_bar(last)}<td>{last:.4f}<td>{best[1]:.4f} at step {best[0]:,.0f}"
        )
    yield "</tbody></table></div></section>"


def _bar(share: float) -> str:
    width = 100 * min(max(share, 0.0), 1.0)
    return (
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="100" height="8" class="f-line"/><rect width="{width:.1f}" height="8" class="f-series-0"/></svg>'
    )


def _pictures(pictures: Sequence[tuple[str, bytes]]) -> Iterator[str]:
    if not pictures:
        return
    yield '<section class="card long"><h2>Detections beside groundtruth</h2><div class="pictures">'
    for name, content in pictures:
        source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
        label = escape(name.removesuffix(".png"))
        alternative = f"Detections left, groundtruth right: {label}"
        yield f'<figure><img src="{source}" alt="{alternative}"><figcaption>{label}</figcaption></figure>'
    yield "</div></section>"


def _environment(starts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The last start, and the earlier ones behind a fold."""
    if not starts:
        return
    yield f'<section class="card long"><h2>Environment</h2>{_start(starts[-1])}'
    for number, start in reversed(list(enumerate(starts[:-1], 1))):
        said = f", {escape(str(start['time']))}" if "time" in start else ""
        yield f"<details><summary>Start {number}{said}</summary>{_start(start)}</details>"
    yield "</section>"


def _start(start: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<dt>{escape(str(key))}</dt><dd>{escape(_said(value))}</dd>" for key, value in start.items()
    )
    return f"<dl>{rows}</dl>"


def _said(value: Any) -> str:
    """A value of JSON as text."""
    if isinstance(value, list):
        return ", ".join(map(_said, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_said(item)}" for key, item in value.items()) or "none"
    if value is None or isinstance(value, bool):
        return {None: "unknown", True: "yes", False: "no"}[value]
    return f"{value:,}" if isinstance(value, int) else str(value)


def _config(text: str | None) -> Iterator[str]:
    if text is None:
        return
    lines = "\n".join(escape(line) for line in text.expandtabs(2).splitlines())
    yield '<section class="card long"><h2>Config</h2><details><summary>The config as it was run</summary>'
    yield f'<div class="scroll"><pre>{lines}</pre></div></details></section>'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield '<div class="scroll"><table><thead><tr>' + "".join(f"<th>{escape(name)}" for name in head)
    yield "</thead><tbody>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{_breakable(cell)}" for cell in row)
    yield "</tbody></table></div>"


def _breakable(text: str) -> str:
    """Escaped text that may go on in the next line after a slash or an underline."""
    return escape(text).replace("/", "/<wbr>").replace("_", "_<wbr>")


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if math.isfinite(value) else "not finite"
