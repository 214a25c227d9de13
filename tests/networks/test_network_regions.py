"""Operations on boxes: shapes, and what cannot fit."""

from __future__ import annotations

import pytest

from cfgtool.networks.shapes import ShapeOps

IMAGE = (2, 64, 64, 3)
BOXES = (2, 5, 4)


def test_crops_are_one_behind_another() -> None:
    ops = ShapeOps()
    assert ops.crop_and_resize([(2, 8, 9, 16)], BOXES, (7, 3), image=IMAGE) == (10, 7, 3, 16)
    levels = [(2, 16, 16, 8), (2, 8, 8, 8)]
    assert ops.crop_and_resize(levels, BOXES, (4, 4), image=IMAGE) == (10, 4, 4, 8)
    assert ops.activation_bytes == 4 * (10 * 7 * 3 * 16 + 10 * 4 * 4 * 8)
    with pytest.raises(ValueError, match="different channels"):
        ops.crop_and_resize([(2, 16, 16, 8), (2, 8, 8, 4)], BOXES, (4, 4), image=IMAGE)


def test_position_sensitive_means() -> None:
    ops = ShapeOps()
    assert ops.position_sensitive_mean((2, 8, 8, 24), BOXES, (2, 3), (4, 6)) == (10, 4)
    for channels, size in ((25, (4, 6)), (24, (5, 6))):
        with pytest.raises(ValueError, match="does not divide"):
            ops.position_sensitive_mean((2, 8, 8, channels), BOXES, (2, 3), size)


def test_attention() -> None:
    ops = ShapeOps()
    counts = (2,)
    got = ops.attend((2, 5, 8), (2, 3, 8), (2, 3, 6), temperature=1, query_counts=counts, key_counts=counts)
    assert got == (2, 5, 6)
    assert ops.multiply_adds == 2 * 5 * 3 * (8 + 6)
    with pytest.raises(ValueError, match="do not fit"):
        ops.attend((2, 5, 8), (2, 3, 7), (2, 3, 6), temperature=1, query_counts=counts, key_counts=counts)


def test_boxes_become_a_batch_and_come_back() -> None:
    ops = ShapeOps()
    assert ops.merge_batch((2, 5, 8)) == (10, 8)
    assert ops.split_batch((10, 8), BOXES) == (2, 5, 8)


def test_sums_and_products_broadcast_axes_of_one() -> None:
    ops = ShapeOps()
    assert ops.add((2, 4, 4, 8), (2, 1, 1, 8)) == (2, 4, 4, 8)
    with pytest.raises(ValueError, match="shapes differ"):
        ops.add((2, 4, 4, 8), (2, 8))
