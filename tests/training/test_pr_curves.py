"""Precision-recall curves: the chart has each class and their mean, the data is complete."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("pycocotools")

from cfgtool.training.evaluation.curves import curves_as_json, curves_chart
from cfgtool.training.evaluation.metrics import Curves
from cfgtool.training.report.chart import draw_chart
from cfgtool.training.report.scene import Curve, Label

RECALL = np.linspace(0.0, 1.0, 101)


def step_at(recall: float) -> np.ndarray:
    """Precision 1 up to a recall, 0 beyond."""
    return np.where(recall >= RECALL, 1.0, 0.0)


def test_the_data() -> None:
    curves = Curves(RECALL, {"cat": step_at(0.5), "dog": step_at(1.0)})
    data = json.loads(json.dumps(curves_as_json(curves)))
    assert data["iou"] == 0.5
    assert len(data["recall"]) == len(data["mean"]) == 101
    assert data["mean"][40] == 1.0
    assert data["mean"][60] == 0.5
    assert data["classes"]["cat"]["average_precision"] == pytest.approx(51 / 101)
    assert data["classes"]["dog"]["precision"] == [1.0] * 101


def test_each_class_has_a_curve_and_a_colour_below_the_mean() -> None:
    chart = curves_chart(Curves(RECALL, {"cat": np.full(101, 0.2), "dog": np.full(101, 0.8)}), "Step 7")
    assert [one.name for one in chart.series] == ["mean of 2 0.500", "cat 0.200", "dog 0.800"]
    assert len({one.colour for one in chart.series}) == 3
    scene = draw_chart(chart)
    heights = {
        shape.name: shape.points[0][1] for shape in scene.shapes if isinstance(shape, Curve) and shape.name
    }
    assert scene.frame is not None
    _, top, _, bottom = scene.frame
    for name, precision in (("cat 0.200", 0.2), ("mean of 2 0.500", 0.5), ("dog 0.800", 0.8)):
        assert heights[name] == pytest.approx(bottom - precision * (bottom - top)), "the axis ends at 0 and 1"


def test_many_classes_are_the_background_of_the_mean() -> None:
    curves = Curves(RECALL, {f"class {number}": step_at(number / 50) for number in range(50)})
    chart = curves_chart(curves, "Step 7")
    assert [one.name for one in chart.series if not one.faint] == [f"mean of 50 {curves.mean.mean():.3f}"]
    assert len(chart.series) == 51
    areas = curves.average_precision
    assert f"highest: class 49 {areas['class 49']:.3f}; lowest: class 0 0.010" in chart.notes


def test_no_groundtruth_is_said() -> None:
    empty = Curves(RECALL, {})
    chart = curves_chart(empty, "Step 7")
    assert not chart.series
    labels = [shape.text for shape in draw_chart(chart).shapes if isinstance(shape, Label)]
    assert "no values" in labels
    assert curves_as_json(empty)["mean"] == []
