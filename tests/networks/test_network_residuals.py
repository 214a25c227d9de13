"""Residual connections of narrow MobileNet V2 networks, where `min_depth` widens what the multiplier narrows."""

from __future__ import annotations

import pytest
from network_configs import pipeline

from cfgtool.networks import describe
from cfgtool.networks.plain_shapes import PlainShapeOps, Shape


@pytest.mark.parametrize(("minimum", "count"), [(8, 10), (16, 9)])
def test_narrow_blocks_are_joined_where_keras_joins_them(
    monkeypatch: pytest.MonkeyPatch, minimum: int, count: int
) -> None:
    """Keras compares with the filters before the minimum: 8 in block 2, whose input has 16."""
    joined = []
    add = PlainShapeOps.add

    def counted(self: PlainShapeOps, a: Shape, b: Shape) -> Shape:
        joined.append(a)
        return add(self, a, b)

    monkeypatch.setattr(PlainShapeOps, "add", counted)
    describe(pipeline("ssd_mobilenet_v2_keras", extractor=f"depth_multiplier: 0.35 min_depth: {minimum}"))
    assert len(joined) == count
