"""Precision-recall curves as a chart and as data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cfgtool.training.evaluation.metrics import Curves
from cfgtool.training.report.chart import Chart, Series, draw_chart
from cfgtool.training.report.scene import SERIES, Scene, in_grid

_SIZE = (760.0, 560.0)


def curves_as_json(curves: Curves) -> dict[str, Any]:
    """`recall` [101], the `mean` curve, and of each class its `average_precision` and `precision` [101]."""
    areas = curves.average_precision
    classes = {
        name: {"average_precision": areas[name], "precision": curve.tolist()}
        for name, curve in curves.precision.items()
    }
    return {"iou": 0.5, "recall": curves.recall.tolist(), "mean": curves.mean.tolist(), "classes": classes}


def draw_curves(curves: Iterable[Curves], title: str) -> Scene:
    """A chart of each, beside one another; where there are several, their titles say what is compared."""
    found = list(curves)
    width, height = _SIZE
    if len(found) == 1:
        return draw_chart(curves_chart(found[0], title), width, height)
    panels = [draw_chart(curves_chart(one, f"{title}: {one.compares}"), width, height) for one in found]
    return in_grid(panels, len(panels), title, Scene(width * len(panels), 0.0, title))


def curves_chart(curves: Curves, title: str) -> Chart:
    """Precision over recall of each class, and their mean; the legend gives the areas.

    More classes than there are colours are the background of the mean, and a note names the ends.
    """
    areas = curves.average_precision
    recall = curves.recall.tolist()
    many = len(areas) >= SERIES
    series = [
        Series(
            f"{name} {areas[name]:.3f}", list(zip(recall, curve.tolist(), strict=True)), number, faint=many
        )
        for number, (name, curve) in enumerate(curves.precision.items(), start=1)
    ]
    notes = ["precision at an intersection over union of 0.5"]
    if areas:
        mean = list(zip(recall, curves.mean.tolist(), strict=True))
        series.insert(0, Series(f"mean of {len(areas)} {curves.mean.mean():.3f}", mean))
    if many:
        worst, best = (choose(areas, key=lambda name: areas[name]) for choose in (min, max))
        notes.append(f"highest: {best} {areas[best]:.3f}; lowest: {worst} {areas[worst]:.3f}")
    return Chart(
        title,
        "recall",
        "precision",
        series,
        notes,
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        legend=True,
    )
