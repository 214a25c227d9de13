"""Precision-recall curves: the picture has what it should where it should, the data is complete."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("pycocotools")

from cfgtool.training.evaluation.curves import curves_as_json, draw_curves
from cfgtool.training.evaluation.metrics import Curves

RECALL = np.linspace(0.0, 1.0, 101)


def step_at(recall: float) -> np.ndarray:
    """Precision 1 up to a recall, 0 beyond."""
    return np.where(recall >= RECALL, 1.0, 0.0)


def colours(curves: Curves, left: int, top: int, right: int, bottom: int) -> set[tuple[int, ...]]:
    picture = np.asarray(draw_curves(curves, "a title"))[top:bottom, left:right].reshape(-1, 3)
    return set(map(tuple, picture.tolist()))


def test_the_data() -> None:
    curves = Curves(RECALL, {"cat": step_at(0.5), "dog": step_at(1.0)})
    data = json.loads(json.dumps(curves_as_json(curves)))
    assert data["iou"] == 0.5
    assert len(data["recall"]) == len(data["mean"]) == 101
    assert data["mean"][40] == 1.0
    assert data["mean"][60] == 0.5
    assert data["classes"]["cat"]["average_precision"] == pytest.approx(51 / 101)
    assert data["classes"]["dog"]["precision"] == [1.0] * 101


def test_curves_are_drawn_where_they_belong() -> None:
    """A class with precision 0.5 everywhere runs at half the height, in its colour below the mean's black."""
    curves = Curves(RECALL, {"cat": np.full(101, 0.2), "dog": np.full(101, 0.8)})
    middle = {(0, 0, 0)}
    assert middle <= colours(curves, 300, 285, 310, 295)
    assert (0x1F, 0x77, 0xB4) in colours(curves, 300, 429, 310, 439)
    assert (0xFF, 0x7F, 0x0E) in colours(curves, 300, 141, 310, 151)
    assert colours(curves, 300, 200, 310, 240) == {(255, 255, 255)}


def test_many_classes_are_grey_and_the_legend_stays_in_the_picture() -> None:
    curves = Curves(RECALL, {f"class {number}": step_at(number / 50) for number in range(50)})
    picture = np.asarray(draw_curves(curves, "a title"))
    assert picture.shape == (600, 960, 3)
    assert (picture[535:, 690:] == 255).all()
    lines = picture[60:520, 76:680].reshape(-1, 3).astype(int)
    assert (np.ptp(lines, axis=1) <= 20).all(), "black and greys only"


def test_no_groundtruth_is_said() -> None:
    empty, full = Curves(RECALL, {}), Curves(RECALL, {"cat": step_at(1.0)})
    assert colours(empty, 700, 50, 950, 80) != {(255, 255, 255)}
    assert colours(empty, 80, 60, 670, 520) <= colours(full, 80, 60, 670, 520)
    assert curves_as_json(empty)["mean"] == []
