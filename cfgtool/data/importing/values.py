"""Numbers in what people wrote."""

from __future__ import annotations

import math
from typing import Any


def as_number(value: Any) -> float | None:
    """A number as it is, or as a text says it; None for anything else, NaN and infinity as they are."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def as_integer(value: Any) -> int | None:
    """A whole number, also one written as "3" or "3.0"; None for anything else."""
    number = as_number(value)
    return int(number) if number is not None and math.isfinite(number) and number == int(number) else None


def numbers(value: Any) -> list[float] | None:
    """A list of numbers; None for anything else."""
    if not isinstance(value, list):
        return None
    found = [as_number(item) for item in value]
    known = [item for item in found if item is not None]
    return known if len(known) == len(found) else None
