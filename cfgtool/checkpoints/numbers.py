"""Numbers in the bytes of tensors, with the standard library alone, and what can be said of many of them."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from math import fsum, isfinite, nan, sqrt
from typing import NamedTuple

from cfgtool.checkpoints.entry import WIDTHS

CHUNK = 1 << 16
"""So many numbers are decoded at a time."""

_CODES = {
    "float32": "f",
    "float64": "d",
    "int8": "b",
    "uint8": "B",
    "bool": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "complex64": "f",
    "complex128": "d",
}


def numbers(raw: memoryview, dtype: str) -> Sequence[float]:
    """The values of little-endian bytes; a complex number counts as two, its real and its imaginary part."""
    if dtype == "float16":
        import struct

        return struct.unpack(f"<{len(raw) // 2}e", raw)
    if dtype == "bfloat16":  # the upper half of a float32
        wide = bytearray(2 * len(raw))
        wide[2::4], wide[3::4] = raw[::2], raw[1::2]
        return _array("f", wide)
    return _array(_CODES[dtype], raw)


def _array(code: str, raw: bytes | bytearray | memoryview) -> array[float]:
    values: array[float] = array(code)
    values.frombytes(raw)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def chunks(raw: memoryview, dtype: str) -> Iterator[Sequence[float]]:
    """The values of little-endian bytes, `CHUNK` elements at a time."""
    step = CHUNK * WIDTHS[dtype]
    for start in range(0, len(raw), step):
        yield numbers(raw[start : start + step], dtype)


class Statistics(NamedTuple):
    """Of the finite values: how many, their range, mean and standard deviation, and counts in equal steps of the range.

    `zeros` counts zeros, `not_finite` what is infinite or no number.
    """

    finite: int
    low: float
    high: float
    mean: float
    deviation: float
    zeros: int
    not_finite: int
    histogram: list[int]


def statistics(raw: memoryview, dtype: str, bins: int = 24) -> Statistics | None:
    """What can be said of the values; None where none is finite. They are read twice, a chunk at a time."""
    lows, highs, sums = [], [], []
    finite = zeros = not_finite = 0
    for chunk in chunks(raw, dtype):
        kept = _finite(chunk)
        not_finite += len(chunk) - len(kept)
        if kept:
            finite += len(kept)
            zeros += kept.count(0)
            lows.append(min(kept))
            highs.append(max(kept))
            sums.append(fsum(kept))
    if not finite:
        return None
    low, high, mean = min(lows), max(highs), fsum(sums) / finite
    counts = [0] * bins
    squares = []
    half = high / 2 - low / 2  # of the range, which itself may be beyond float64
    scale = bins / half if half > bins / sys.float_info.max else 0.0
    for chunk in chunks(raw, dtype):
        kept = _finite(chunk)
        squares.append(fsum((value - mean) ** 2 for value in kept) if half < 1e150 else nan)
        for value in kept:
            counts[min(int((value / 2 - low / 2) * scale), bins - 1)] += 1
    return Statistics(finite, low, high, mean, sqrt(fsum(squares) / finite), zeros, not_finite, counts)


def _finite(values: Sequence[float]) -> Sequence[float]:
    if all(map(isfinite, values)):
        return values
    return [value for value in values if isfinite(value)]
