"""Scales of axes: where a value lies, and which values are written beside the axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 5.0, 10.0)
_LEAST_DECADES = 1.5
"""Scales that span less of a logarithmic axis get ticks as on a linear one."""


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high`, of which `ticks` are written; logarithmic if `log`."""

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    def share(self, value: float) -> float:
        """Where the value lies: 0 at `low`, 1 at `high`."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def linear(values: Iterable[float], count: int, *, from_zero: bool = False, tight: bool = False) -> Scale:
    """A scale with about `count` ticks at multiples of 1, 2 or 5 times a power of ten.

    It ends at ticks beyond the values, or with `tight` at the values themselves.
    """
    found = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(found), max(found)
    if from_zero and low > 0 and low < 0.6 * high:
        low = 0.0
    if low == high:
        margin = abs(low) or 1.0
        low, high = (low - margin if low < 0 else max(0.0, low - margin)), high + margin
        tight = False
    step = _step((high - low) / count)
    # Whole multiples are exact where sums of steps would drift.
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(_rounded(number, step) for number in range(first, last + 1))
    if tight:
        return Scale(low, high, tuple(tick for tick in ticks if low <= tick <= high))
    return Scale(ticks[0], ticks[-1], ticks)


def logarithmic(values: Iterable[float], count: int) -> Scale:
    """A scale for the positive ones of the values, with ticks at powers of ten (and 2 and 5 times these)."""
    found = [value for value in values if math.isfinite(value) and value > 0] or [1.0, 10.0]
    low, high = min(found), max(found)
    if high < low * 1.01:
        low, high = low / 2, high * 2
    if math.log10(high / low) < _LEAST_DECADES:
        ticks = [tick for tick in linear((low, high), count).ticks if tick > 0]
        low = min(low, ticks[0]) if ticks[0] > low / 2 else low
        high = max(high, ticks[-1])
        return Scale(low, high, tuple(tick for tick in ticks if low <= tick <= high), log=True)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = max(1, math.ceil((last - first) / count))
    factors: Sequence[float] = (1.0, 2.0, 5.0) if last - first <= 2 else (1.0,)
    ticks = [factor * 10.0**power for power in range(first, last + 1, every) for factor in factors]
    ends = min(low, 10.0**first if low < 1.5 * 10.0**first else low), high * 1.1
    return Scale(*ends, tuple(tick for tick in ticks if ends[0] <= tick <= ends[1]), log=True)


def written(value: float) -> str:
    """A tick in few characters: 20k, 0.05, 1e-05."""
    if value == 0:
        return "0"
    size = abs(value)
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if unit <= size < 1e13:
            return f"{value / unit:.15g}{name}"
    return f"{value:.15g}"


def _step(least: float) -> float:
    """The smallest of 1, 2, 5, times a power of ten, that is not below `least`."""
    if not math.isfinite(least) or least <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor for factor in _STEPS if factor * power >= least * (1 - 1e-9)) * power


def _rounded(number: int, step: float) -> float:
    """`number` x `step` without the noise of binary fractions."""
    return round(number * step, -math.floor(math.log10(step) + 1e-9))
