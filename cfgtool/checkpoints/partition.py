"""Partitioned variables: one tensor, whose parts are stored one by one."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cfgtool.checkpoints.damage import DamageError

if TYPE_CHECKING:
    from cfgtool.checkpoints.entry import Entry, Slice


def part_shape(part: Slice, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a part of a tensor of that shape. Raises DamageError if it does not lie in it."""
    if len(part) != len(shape):
        raise DamageError(0, f"a part of {len(part)} axes of shape {list(shape)}")
    lengths = []
    for (start, length), size in zip(part, shape, strict=True):
        whole = length == -1
        if start < 0 or length < -1 or (start if whole else start + length) > size or (whole and start):
            raise DamageError(0, f"a part from {start} of length {length} of an axis of {size}")
        lengths.append(size if whole else length)
    return tuple(lengths)


def check_cover(entry: Entry) -> None:
    """Raise DamageError unless the parts of a tensor cover it, and no element twice."""
    total = sum(prod(part_shape(part, entry.shape)) for part in entry.slices)
    if total != entry.elements:
        raise DamageError(0, f"the parts of {entry.name!r} have {total} of its {entry.elements} elements")
    boxes = [
        tuple(
            (start, start + length)
            for (start, _), length in zip(part, part_shape(part, entry.shape), strict=True)
        )
        for part in entry.slices
    ]
    boxes.sort()
    for place, box in enumerate(boxes):
        for other in boxes[place + 1 :]:
            if box and other[0][0] >= box[0][1]:
                break  # and so do all that come after it
            if all(a < d and c < b for (a, b), (c, d) in zip(box, other, strict=True)):
                raise DamageError(0, f"two parts of {entry.name!r} overlap")


def assemble(entry: Entry, width: int, raws: list[memoryview]) -> memoryview:
    """The whole of a tensor with elements of `width` bytes, from the bytes of its parts, in the order of its slices.

    Raises DamageError if they do not cover it.
    """
    if not width:
        raise DamageError(0, f"{entry.name!r} has parts of {entry.dtype} values, which are not put together")
    check_cover(entry)
    for part, raw in zip(entry.slices, raws, strict=True):
        size = width * prod(part_shape(part, entry.shape))
        if len(raw) != size:
            raise DamageError(0, f"a part of {entry.name!r} has {len(raw)} bytes instead of {size}")
    whole = bytearray(entry.elements * width)  # as many as the parts have together
    for part, raw in zip(entry.slices, raws, strict=True):
        _copy(whole, raw, part, entry.shape, width)
    return memoryview(whole).toreadonly()


def _copy(whole: bytearray, raw: memoryview, part: Slice, shape: tuple[int, ...], width: int) -> None:
    """Copy a part to its place, in runs that are contiguous in both."""
    lengths = part_shape(part, shape)
    starts = [start for start, _ in part]
    axis = len(shape)  # the axes from here on are whole
    while axis > 0 and lengths[axis - 1] == shape[axis - 1]:
        axis -= 1
    outer = max(axis - 1, 0)
    strides = [width * prod(shape[place + 1 :]) for place in range(len(shape))]
    run = width * prod(lengths[outer:])
    index = [0] * outer
    base = sum(start * stride for start, stride in zip(starts, strides, strict=True))
    for position in range(0, len(raw), run or 1):
        target = base + sum(place * stride for place, stride in zip(index, strides, strict=False))
        whole[target : target + run] = raw[position : position + run]
        for place in range(outer - 1, -1, -1):
            index[place] += 1
            if index[place] < lengths[place]:
                break
            index[place] = 0
