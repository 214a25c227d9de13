"""Masks of boxes on the image: as the OD API lays them (tools/od_api/pasted_masks.py), and by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfgtool.training.evaluation.pasting import paste
from cfgtool.training.evaluation.results import pasted_masks

CASES = json.loads((Path(__file__).parent / "recorded" / "pasted_masks.json").read_text())["cases"]


def pasted(mask: Any, box: list[float], size: tuple[int, int]) -> np.ndarray:
    canvas = np.zeros(size, np.uint8)
    paste(np.asarray(mask), np.array(box, np.float32), canvas)
    return canvas


def pixels(runs: list[int], size: tuple[int, int]) -> np.ndarray:
    values = [number % 2 for number, length in enumerate(runs) for _ in range(length)]
    return np.array(values, np.uint8).reshape(size)


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_every_pixel_is_that_of_the_od_api(case: dict[str, Any]) -> None:
    kind = np.uint8 if case["whole"] else np.float32
    found = 0
    for mask, box, runs in zip(case["masks"], case["boxes"], case["pixels"], strict=True):
        wanted = pixels(runs, case["size"])
        assert (pasted(np.array(mask, kind), box, case["size"]) == wanted).all(), box
        found += int(wanted.sum())
    assert found > 0 or case["size"][0] == 1


def test_a_full_mask_fills_its_box() -> None:
    """Pixels lie at 0, 0.1, ... 1 of the image: the box from 0.15 to 0.55 has those from 2 to 5."""
    canvas = pasted(np.ones((4, 4), np.float32), [0.15, 0.45, 0.55, 1.05], (11, 11))
    assert canvas.sum() == 4 * 6
    assert canvas[2:6, 5:].all()


def test_values_between_cells_are_interpolated() -> None:
    mask = np.array([[1.0, 0.0]] * 2, np.float32)
    # Falls from 1 to 0 over 11 pixels, and exceeds a half on the first five.
    assert pasted(mask, [0.0, 0.0, 1.0, 1.0], (3, 11)).sum() == 3 * 5
    # Whole numbers are not interpolated; the middle goes to the second cell.
    assert pasted(mask.astype(np.uint8), [0.0, 0.0, 1.0, 1.0], (3, 11)).sum() == 3 * 5


def test_what_is_there_already_stays() -> None:
    canvas = np.ones((4, 4), np.uint8)
    paste(np.zeros((2, 2), np.float32), np.array([0.0, 0.0, 1.0, 1.0], np.float32), canvas)
    assert canvas.all()


def test_masks_of_an_image_are_encoded_one_by_one() -> None:
    mask = pytest.importorskip("pycocotools.mask")
    masks = np.ones((2, 3, 3), np.float32)
    boxes = np.array([[0.0, 0.0, 1.0, 0.5], [0.5, 0.5, 1.0, 1.0]], np.float32)
    found = pasted_masks(masks, boxes, (5, 7))
    assert [one["size"] for one in found] == [[5, 7], [5, 7]]
    assert mask.area(found).tolist() == [5 * 4, 3 * 4]
    assert pasted_masks(masks[:0], boxes[:0], (5, 7)) == []
