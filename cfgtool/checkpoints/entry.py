"""One tensor of a checkpoint, as its index describes it."""

from __future__ import annotations

from math import prod

from cfgtool.checkpoints.names import VALUE_SUFFIX, is_bookkeeping

DTYPES = {
    1: ("float32", 4),
    2: ("float64", 8),
    3: ("int32", 4),
    4: ("uint8", 1),
    5: ("int16", 2),
    6: ("int8", 1),
    7: ("string", 0),
    8: ("complex64", 8),
    9: ("int64", 8),
    10: ("bool", 1),
    14: ("bfloat16", 2),
    17: ("uint16", 2),
    18: ("complex128", 16),
    19: ("float16", 2),
    20: ("resource", 0),
    21: ("variant", 0),
    22: ("uint32", 4),
    23: ("uint64", 8),
}
"""TensorFlow's numbers of element types: (name, bytes per element, 0 where that varies)."""


WIDTHS = dict(DTYPES.values())
"""Bytes per element by the name of the type, 0 where that varies."""

Slice = tuple[tuple[int, int], ...]
"""(start, length) per axis of a part of a tensor; length -1 for a whole axis."""

NO_NUMBERS = "string", "resource", "variant"
"""Element types whose values are no numbers."""


class Entry:
    """`name` as the index has it, `key` the same without the suffix of object-based checkpoints.

    In a bundle the value is `size` bytes from byte `offset` of data shard `shard`; `crc` is its masked CRC-32C. In a
    frozen graph that is where the constant's `TensorProto` lies in the file. A checkpoint in one file says nothing of
    it: there `size` is 0, and the value is looked up by its name. A partitioned variable is one entry with the full
    shape; `slices` then lists its parts, whose values lie in entries of their own, which are not listed.
    """

    __slots__ = ("crc", "dtype", "key", "name", "offset", "shape", "shard", "size", "slices")

    def __init__(
        self, name: str, dtype: str, shape: tuple[int, ...], shard: int, offset: int, size: int, crc: int
    ) -> None:
        self.name = name
        self.key = name.removesuffix(VALUE_SUFFIX)
        self.dtype = dtype
        self.shape = shape
        self.shard = shard
        self.offset = offset
        self.size = size
        self.crc = crc
        self.slices: tuple[Slice, ...] = ()

    def __repr__(self) -> str:
        return f"Entry({self.name!r}, {self.dtype}, {self.shape})"

    @property
    def elements(self) -> int:
        """Number of elements of the whole tensor."""
        return prod(self.shape)

    @property
    def bookkeeping(self) -> bool:
        """True for what training keeps beside the network's variables: see `is_bookkeeping`."""
        return is_bookkeeping(self.key)
