"""The operations on boxes, on shapes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from cfgtool.networks.plain_shapes import PlainShapeOps, Shape


class RegionShapeOps(PlainShapeOps):
    """The part of `ops.Ops[Shape]` that deals with boxes, beside the plain one."""

    __slots__ = ("multiply_adds",)

    def __init__(self, *, training: bool) -> None:
        super().__init__(training=training)
        self.multiply_adds = 0

    def crop_and_resize(
        self,
        maps: Sequence[Shape],
        boxes: Shape,
        size: tuple[int, int],
        *,
        image: Shape,  # noqa: ARG002
        fade: bool = False,  # noqa: ARG002
    ) -> Shape:
        """See `RegionOps.crop_and_resize`."""
        channels = {x[3] for x in maps}
        if len(channels) != 1:
            raise ValueError(f"maps of different channels cannot be cropped alike: {list(maps)}")
        return self._made((boxes[0] * boxes[1], *size, *channels))

    def position_sensitive_mean(
        self, x: Shape, boxes: Shape, bins: tuple[int, int], size: tuple[int, int]
    ) -> Shape:
        """See `RegionOps.position_sensitive_mean`."""
        channels, rest = divmod(x[3], prod(bins))
        if rest or any(edge % count for edge, count in zip(size, bins, strict=True)):
            raise ValueError(f"{x} cropped at {size} does not divide into {bins} bins")
        # Every bin is a crop of its own.
        self._made((boxes[0] * boxes[1], *size, channels))
        return self._made((boxes[0] * boxes[1], channels))

    def attend(
        self,
        queries: Shape,
        keys: Shape,
        values: Shape,
        *,
        temperature: float,  # noqa: ARG002
        query_counts: Shape,  # noqa: ARG002
        key_counts: Shape,  # noqa: ARG002
    ) -> Shape:
        """See `RegionOps.attend`."""
        if queries[2] != keys[2] or keys[:2] != values[:2] or queries[0] != keys[0]:
            raise ValueError(f"{queries}, {keys} and {values} do not fit")
        self._made((*queries[:2], keys[1]))
        self.multiply_adds += prod(queries) * keys[1] + prod(queries[:2]) * prod(values[1:])
        return self._made((*queries[:2], values[2]))

    def split_batch(self, x: Shape, boxes: Shape) -> Shape:
        """See `RegionOps.split_batch`."""
        return (*boxes[:2], *x[1:])

    def merge_batch(self, x: Shape) -> Shape:
        """See `RegionOps.merge_batch`."""
        return (x[0] * x[1], *x[2:])
