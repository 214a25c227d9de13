"""A chart of curves over steps, laid out as a scene: frame, grid, ticks, bands, curves, legend."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cfgtool.training.report.scene import SERIES, Area, Curve, Dot, Label, Point, Scene, Shape
from cfgtool.training.report.ticks import Scale, linear, logarithmic, written

_TEXT = 12.0
_CHARACTER = 0.58
"""Width of a character relative to the size of its text, on average."""
_LINE = 19.0
_MARGIN = 14.0
_TICK = 5.0
_TICK_DISTANCE = 42.0
_LABEL_DISTANCE = 72.0
_MOST_POINTS = 600
_DASHES: tuple[tuple[float, ...], ...] = ((), (7.0, 4.0))
"""A second round of the same colours is dashed."""
_DOTTED_UP_TO = 40
"""Curves of so few points show them."""


@dataclass(frozen=True)
class Series:
    """A curve: `points` are (x, y) by rising x; y that is not finite makes a gap.

    `colour` counts from 0 and may be any number; a `faint` curve is the background of another and has no entry in
    the legend.
    """

    name: str
    points: Sequence[Point]
    colour: int = 0
    faint: bool = False


@dataclass(frozen=True)
class Band:
    """A named part of the x axis."""

    start: float
    end: float
    name: str


@dataclass(frozen=True)
class Chart:
    """What a chart shows. `notes` are lines below the title; `log` scales y, and leaves out what is not positive.

    `x_range` and `y_range` are the ends of the axes where the points do not say them. `legend` names the curves.
    """

    title: str
    x_label: str
    y_label: str
    series: Sequence[Series]
    notes: Sequence[str] = ()
    bands: Sequence[Band] = ()
    log: bool = False
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    legend: bool = False

    @property
    def plottable(self) -> list[Series]:
        """The series without the points that the y axis has no place for."""
        return [
            Series(one.name, [(x, self._value(y)) for x, y in one.points], one.colour, one.faint)
            for one in self.series
        ]

    def _value(self, y: float) -> float:
        return y if math.isfinite(y) and (not self.log or y > 0) else math.nan


def draw_chart(chart: Chart, width: float = 760.0, height: float = 420.0) -> Scene:
    """The chart as a scene of `width` x `height` pixels."""
    series = chart.plottable
    values = [y for one in series for _, y in one.points if not math.isnan(y)]
    heading = list(_heading(chart, width))
    top = _MARGIN + _LINE * (1 + len(chart.notes)) + _legend_height(chart, width) + _LINE + 6
    bottom = height - 10 - 2 * _LINE
    count = max(2, int((bottom - top) / _TICK_DISTANCE))
    ys = chart.y_range or values
    y_scale = logarithmic(ys, count) if chart.log else linear(ys, count, from_zero=True)
    ticks = [written(tick) for tick in y_scale.ticks]
    left = _MARGIN + max(text_width(text) for text in [*ticks, "0"]) + _TICK + 4
    right = width - _MARGIN - 8
    xs = chart.x_range or [x for one in series for x, _ in one.points]
    x_scale = linear(xs, max(2, int((right - left) / _LABEL_DISTANCE)), tight=True)
    frame = _Frame(left, top, right, bottom, x_scale, y_scale)
    shapes: list[Shape] = [*heading]
    bands = [frame.band(band) for band in chart.bands]
    shapes += (area for area, _ in bands)
    shapes += frame.grid()
    shapes += (label for _, label in bands)
    shapes.append(Label(left, top - 8, chart.y_label, _TEXT, "soft"))
    shapes.append(Label(right, bottom + 35, chart.x_label, _TEXT, "soft", "end"))
    for one in sorted(series, key=lambda item: not item.faint):
        shapes += frame.curve(one)
    if not values:
        shapes.append(Label((left + right) / 2, (top + bottom) / 2, "no values", _TEXT, "soft", "middle"))
    return Scene(width, height, chart.title, shapes, (left, top, right, bottom))


def text_width(text: str, size: float = _TEXT) -> float:
    """About how many pixels a text takes."""
    return len(text) * size * _CHARACTER


def thinned(points: Sequence[Point], most: int = _MOST_POINTS) -> list[Point]:
    """At most about `most` of the points: of each stretch the first, the lowest, the highest and the last one."""
    if len(points) <= most:
        return list(points)
    stretch = math.ceil(4 * len(points) / most)
    kept: list[Point] = []
    for start in range(0, len(points), stretch):
        part = range(start, min(start + stretch, len(points)))
        low, high = (choose(part, key=lambda index: points[index][1]) for choose in (min, max))
        kept += (points[index] for index in sorted({part[0], low, high, part[-1]}))
    return kept


@dataclass(frozen=True)
class _Frame:
    """The area of the curves, in pixels, and its axes."""

    left: float
    top: float
    right: float
    bottom: float
    x_scale: Scale
    y_scale: Scale

    def place(self, point: Point) -> Point:
        """Where a point lies, in pixels."""
        x = self.left + (self.right - self.left) * self.x_scale.share(point[0])
        return x, self.bottom - (self.bottom - self.top) * self.y_scale.share(point[1])

    def grid(self) -> Iterator[Shape]:
        """Lines at the ticks with the ticks' values, and the base line."""
        for tick in self.y_scale.ticks:
            _, y = self.place((self.x_scale.low, tick))
            yield Curve([(self.left, y), (self.right, y)], "line")
            yield Label(self.left - _TICK - 2, y + _TEXT * 0.35, written(tick), _TEXT, "soft", "end")
        for tick in self.x_scale.ticks:
            x = self.left + (self.right - self.left) * self.x_scale.share(tick)
            yield Curve([(x, self.top), (x, self.bottom)], "line")
            yield Curve([(x, self.bottom), (x, self.bottom + _TICK)], "soft")
            yield Label(x, self.bottom + _TICK + _TEXT + 1, written(tick), _TEXT, "soft", "middle")
        yield Curve([(self.left, self.bottom), (self.right, self.bottom)], "soft")

    def band(self, band: Band) -> tuple[Area, Label]:
        """The part of the axis that a band covers, shaded, and its name."""
        low, high = self.x_scale.low, self.x_scale.high
        left, right = (
            self.left + (self.right - self.left) * self.x_scale.share(min(max(value, low), high))
            for value in (band.start, band.end)
        )
        area = Area(left, self.top, right, self.bottom, "not_requested", 0.35)
        if left + text_width(band.name) + 10 < self.right:
            return area, Label(left + 5, self.bottom - 7, band.name, _TEXT)
        return area, Label(self.right - 5, self.bottom - 7, band.name, _TEXT, anchor="end")

    def curve(self, series: Series) -> Iterator[Shape]:
        """The stretches of a series between its gaps; points where these are few."""
        role = f"series-{series.colour % SERIES}"
        dashes = _DASHES[series.colour // SERIES % len(_DASHES)]
        dotted = not series.faint and len(series.points) <= _DOTTED_UP_TO
        for stretch in _stretches(series.points):
            values = thinned(stretch)
            points = [self.place(point) for point in values]
            if len(points) > 1 or not dotted:
                width, opacity = (1.2, 0.35) if series.faint else (2.0, 1.0)
                named = ("", ()) if series.faint else (series.name, values)
                yield Curve(points, role, width, opacity, dashes, *named)
            elif points:
                yield Curve(points, role, 0.0, 0.0, (), series.name, values)
            if dotted or len(points) == 1:
                yield from (Dot(x, y, 3.0, role) for x, y in points)


def _stretches(points: Iterable[Point]) -> Iterator[list[Point]]:
    """The points between gaps."""
    stretch: list[Point] = []
    for point in points:
        if not math.isnan(point[1]):
            stretch.append(point)
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _heading(chart: Chart, width: float) -> Iterator[Shape]:
    """Title, notes and legend."""
    y = _MARGIN + 14.0
    yield Label(_MARGIN, y, _cut(chart.title, width, 17.0), 15.0, bold=True)
    for note in chart.notes:
        y += _LINE
        yield Label(_MARGIN, y, _cut(note, width), _TEXT, "soft")
    if chart.legend:
        yield from legend(chart.series, width, y + _LINE)


def legend(series: Sequence[Series], width: float, y: float) -> Iterator[Shape]:
    """Samples and names of the curves that are not faint, in rows; `y` is the base line of the first row."""
    for left, row, one in _legend_places(series, width):
        line, middle = y + row * _LINE, y + row * _LINE - 4
        role, dashes = f"series-{one.colour % SERIES}", _DASHES[one.colour // SERIES % len(_DASHES)]
        yield Curve([(left, middle), (left + 22, middle)], role, 3.0, 1.0, dashes)
        yield Label(left + 28, line, _cut(one.name, width - 28), _TEXT)


def legend_rows(series: Sequence[Series], width: float) -> int:
    """How many rows `legend` takes."""
    return max((row + 1 for _, row, _ in _legend_places(series, width)), default=0)


def _legend_height(chart: Chart, width: float) -> float:
    return _LINE * legend_rows(chart.series, width) if chart.legend else 0.0


def _legend_places(series: Iterable[Series], width: float) -> Iterator[tuple[float, int, Series]]:
    """(left, row, series) of each entry."""
    left, row = _MARGIN, 0
    for one in series:
        if one.faint:
            continue
        room = 28 + text_width(one.name) + 18
        if left > _MARGIN and left + room > width - _MARGIN:
            left, row = _MARGIN, row + 1
        yield left, row, one
        left += room


def _cut(text: str, width: float, size: float = _TEXT) -> str:
    """The text, cut where it would run out of the chart."""
    most = int((width - 2 * _MARGIN) / (size * _CHARACTER))
    return text if len(text) <= most else text[: most - 1] + "…"
