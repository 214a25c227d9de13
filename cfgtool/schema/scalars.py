"""Scalar tokens to Python values, as protobuf's text format reads them; None where it refuses them."""

from __future__ import annotations

import struct
from functools import lru_cache

from cfgtool.textproto import parse_float, parse_int

INTEGER_RANGES: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("int32", "sint32", "sfixed32"), (-(2**31), 2**31 - 1)),
    **dict.fromkeys(("uint32", "fixed32"), (0, 2**32 - 1)),
    **dict.fromkeys(("int64", "sint64", "sfixed64"), (-(2**63), 2**63 - 1)),
    **dict.fromkeys(("uint64", "fixed64"), (0, 2**64 - 1)),
}
"""Integer type -> its smallest and largest value."""

BOOLS: dict[str, bool] = {
    **dict.fromkeys(("true", "True", "t", "1"), True),
    **dict.fromkeys(("false", "False", "f", "0"), False),
}
"""Every spelling of a boolean that protobuf accepts."""

_SINGLE = struct.Struct("<f")


def float32(value: float) -> float:
    """`value` rounded to single precision, beyond its range to infinity."""
    try:
        return _SINGLE.unpack(_SINGLE.pack(value))[0]  # type: ignore[no-any-return]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def shortest(value: float) -> float:
    """The double with the fewest digits that rounds to the same float32: 0.9 for 0.8999999761581421."""
    for count in range(1, 9):
        candidate = float(f"{value:.{count}g}")
        if float32(candidate) == value:
            return candidate
    return float(f"{value:.9g}")


@lru_cache(4096)
def read_float(raw: str) -> float | None:
    """A float token rounded to float32; None if it is no number, or overflows to infinity."""
    try:
        value = parse_float(raw)
        return _SINGLE.unpack(_SINGLE.pack(value))[0]  # type: ignore[no-any-return]
    except (ValueError, OverflowError):
        return None


@lru_cache(4096)
def read_int(raw: str, kind: str) -> int | None:
    """An integer token of the type `kind`; None if it is no integer or out of range."""
    try:
        value = parse_int(raw)
    except ValueError:
        return None
    low, high = INTEGER_RANGES[kind]
    return value if low <= value <= high else None


def read_double(raw: str) -> float | None:
    """A double token; None if it is no number."""
    try:
        return parse_float(raw)
    except ValueError:
        return None
