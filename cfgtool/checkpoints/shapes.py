"""Element types, shapes and slices, as the messages of every format write them."""

from __future__ import annotations

from math import prod

from cfgtool.checkpoints.damage import DamageError
from cfgtool.checkpoints.entry import DTYPES, Slice
from cfgtool.checkpoints.wire import bytes_of, fields, number_of, signed

_MAX_ELEMENTS = 1 << 62
_MAX_RANK = 254  # TensorFlow's own bound

MAX_PARTS = 1 << 12
"""More parts of one variable than any partitioner makes."""

Type = tuple[str, tuple[int, ...]]
"""Element type and shape."""


def read_type(code: int, shape: bytes) -> Type:
    """Element type and shape, from its number and a `TensorShapeProto`."""
    if code not in DTYPES:
        raise DamageError(0, f"unknown element type {code}")
    sizes = []
    for number, content in fields(shape):
        if number != 2:  # dim
            raise DamageError(0, "shape of unknown rank")
        size = 0
        for part, value in fields(bytes_of(content)):
            if part == 1:  # size
                size = signed(number_of(value))
        if size < 0:
            raise DamageError(0, f"negative size {size}")
        sizes.append(size)
    if len(sizes) > _MAX_RANK:
        raise DamageError(0, f"shape of {len(sizes)} dimensions")
    if prod(sizes) > _MAX_ELEMENTS:
        raise DamageError(0, f"shape {sizes} is out of all bounds")
    return DTYPES[code][0], tuple(sizes)


def read_slice(data: bytes) -> Slice:
    """(start, length) per axis of a `TensorSliceProto`; length -1 for a whole axis."""
    extents = []
    for number, content in fields(data):
        if number == 1:  # extent
            start, length = 0, -1
            for part, value in fields(bytes_of(content)):
                if part == 1:
                    start = signed(number_of(value))
                elif part == 2:
                    length = signed(number_of(value))
            extents.append((start, length))
    return tuple(extents)
