"""Lying bars with their numbers, laid out as a scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cfgtool.training.report.chart import text_width
from cfgtool.training.report.scene import Area, Curve, Label, Scene, Shape

_MARGIN = 14.0
_TEXT = 12.0
_ROW = 20.0
_BAR = 13.0
_WIDEST_NAME = 0.4
"""Share of the width that names may take."""


@dataclass(frozen=True)
class Bars:
    """`rows` are (name, value, what is written behind the bar), from the top; `note` is a line below the title."""

    title: str
    note: str
    rows: Sequence[tuple[str, float, str]]


def draw_bars(bars: Bars, width: float, rows: int) -> Scene:
    """The bars as a scene `width` pixels wide, as high as `rows` bars need."""
    top = _MARGIN + 52
    height = top + rows * _ROW + _MARGIN
    most = int(width * _WIDEST_NAME / text_width("m"))
    names = [name if len(name) <= most else name[: most - 1] + "…" for name, _, _ in bars.rows]
    left = _MARGIN + max((text_width(name) for name in names), default=0.0) + 8
    room = width - _MARGIN - left - max((text_width(said) for _, _, said in bars.rows), default=0.0) - 10
    scale = (
        room / max((value for _, value, _ in bars.rows), default=0.0)
        if any(row[1] for row in bars.rows)
        else 0.0
    )
    shapes: list[Shape] = [
        Label(_MARGIN, _MARGIN + 14, bars.title, 15.0, bold=True),
        Label(_MARGIN, _MARGIN + 34, bars.note, _TEXT, "soft"),
    ]
    for number, ((_, value, said), name) in enumerate(zip(bars.rows, names, strict=True)):
        y = top + number * _ROW
        shapes.append(Label(left - 8, y + 11, name, _TEXT, anchor="end"))
        shapes.append(Area(left, y, left + value * scale, y + _BAR, "series-0"))
        shapes.append(Label(left + value * scale + 6, y + 11, said, _TEXT, "soft"))
    shapes.append(Curve([(left, top - 4), (left, top + len(bars.rows) * _ROW)], "line"))
    return Scene(
        width, height, f"{bars.title}: " + ", ".join(f"{row[0]} {row[2]}" for row in bars.rows), shapes
    )
