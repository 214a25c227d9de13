"""Precision-recall curves as a picture and as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from cfgtool.training.evaluation.metrics import Curves

_WIDTH, _HEIGHT = 960, 600
_LEFT, _TOP, _RIGHT, _BOTTOM = 70, 50, 680, 530
_SCALE = 2
"""Drawn larger and then made smaller: that smooths the lines."""
_TICKS = tuple(step / 5 for step in range(6))
_COLOURS = (
    "#1f77b4",
    "#ff7f0e",
    "#2ca02c",
    "#d62728",
    "#9467bd",
    "#8c564b",
    "#e377c2",
    "#17becf",
    "#bcbd22",
    "#5f6b7a",
)
_GREY, _GRID, _INK = "#b8bec6", "#e3e6ea", "#24292f"
_LINE = 22
_LONGEST = 24

Line = tuple[str, npt.NDArray[np.float64], str, int]
"""Label, precision [101], colour, width."""


def curves_as_json(curves: Curves) -> dict[str, Any]:
    """`recall` [101], the `mean` curve, and of each class its `average_precision` and `precision` [101]."""
    areas = curves.average_precision
    classes = {
        name: {"average_precision": areas[name], "precision": curve.tolist()}
        for name, curve in curves.precision.items()
    }
    return {"iou": 0.5, "recall": curves.recall.tolist(), "mean": curves.mean.tolist(), "classes": classes}


def draw_curves(curves: Curves, title: str) -> Image.Image:
    """Precision over recall of each class, and their mean in black; the legend gives the areas.

    More classes than there are colours are drawn in grey, and the legend names those with the largest areas.
    """
    image = Image.new("RGB", (_WIDTH * _SCALE, _HEIGHT * _SCALE), "white")
    canvas = ImageDraw.Draw(image)
    _axes(canvas, title)
    lines = _lines(curves)
    for _, precision, colour, width in lines:
        points = [_place(x, y) for x, y in zip(curves.recall, precision, strict=True)]
        canvas.line(points, fill=colour, width=width * _SCALE, joint="curve")
    _legend(canvas, lines[::-1])
    return image.resize((_WIDTH, _HEIGHT), Image.Resampling.BOX)


def _lines(curves: Curves) -> list[Line]:
    """What to draw, the mean last and so on top, classes before it by area."""
    areas = curves.average_precision
    names = sorted(areas, key=lambda name: areas[name])
    coloured = len(names) <= len(_COLOURS)
    lines: list[Line] = []
    for name in names:
        colour = _COLOURS[list(areas).index(name) % len(_COLOURS)] if coloured else _GREY
        lines.append(
            (f"{_short(name)}  {areas[name]:.3f}", curves.precision[name], colour, 2 if coloured else 1)
        )
    if lines:
        lines.append((f"mean  {curves.mean.mean():.3f}", curves.mean, "black", 3))
    return lines


def _axes(canvas: ImageDraw.ImageDraw, title: str) -> None:
    for tick in _TICKS:
        x, y = _place(tick, tick)
        canvas.line([(x, _TOP * _SCALE), (x, _BOTTOM * _SCALE)], fill=_GRID, width=_SCALE)
        canvas.line([(_LEFT * _SCALE, y), (_RIGHT * _SCALE, y)], fill=_GRID, width=_SCALE)
        _text(canvas, (x, (_BOTTOM + 8) * _SCALE), f"{tick:.1f}", "ma")
        _text(canvas, ((_LEFT - 10) * _SCALE, y), f"{tick:.1f}", "rm")
    box = (_LEFT * _SCALE, _TOP * _SCALE, _RIGHT * _SCALE, _BOTTOM * _SCALE)
    canvas.rectangle(box, outline=_INK, width=_SCALE)
    middle = (_LEFT + _RIGHT) / 2
    _text(canvas, (middle * _SCALE, (_BOTTOM + 34) * _SCALE), "recall", "ma")
    _text(canvas, ((_LEFT - 50) * _SCALE, (_TOP - 32) * _SCALE), "precision", "la")
    _text(canvas, (middle * _SCALE, (_TOP - 32) * _SCALE), title, "ma", size=16)


def _legend(canvas: ImageDraw.ImageDraw, lines: Sequence[Line]) -> None:
    room = (_BOTTOM - _TOP) // _LINE
    shown = lines if len(lines) <= room else lines[: room - 1]
    x, y = (_RIGHT + 24) * _SCALE, (_TOP + 10) * _SCALE
    for label, _, colour, width in shown:
        canvas.line([(x, y), (x + 24 * _SCALE, y)], fill=colour, width=width * _SCALE)
        _text(canvas, (x + 32 * _SCALE, y), label, "lm")
        y += _LINE * _SCALE
    if len(shown) < len(lines):
        _text(canvas, (x + 32 * _SCALE, y), f"and {len(lines) - len(shown)} more", "lm")
    if not lines:
        _text(canvas, (x, y), "no groundtruth", "lm")


def _place(recall: float, precision: float) -> tuple[float, float]:
    x = _LEFT + recall * (_RIGHT - _LEFT)
    y = _BOTTOM - precision * (_BOTTOM - _TOP)
    return float(x * _SCALE), float(y * _SCALE)


def _text(
    canvas: ImageDraw.ImageDraw, place: tuple[float, float], text: str, anchor: str, size: int = 14
) -> None:
    canvas.text(place, text, fill=_INK, font=ImageFont.load_default(size=size * _SCALE), anchor=anchor)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
