"""How long is trained, and at which rates."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.creating.options import Choice

if TYPE_CHECKING:
    from cfgtool.creating.options import Options
    from cfgtool.creating.recipes import Practice

FEWEST_STEPS = 3000
"""With fewer a new head has hardly begun to learn, however small the data is."""
STRIDE = 1000
"""The OD API saves every so many steps and not at the end, so that others would be lost to it."""
WARMUP_SHARE = 10


class Schedule(NamedTuple):
    """Steps, and rates of a cosine decay after a linear climb."""

    steps: int
    rate: float
    warmup_rate: float
    warmup: int


def choose_schedule(
    practice: Practice, batch: int, examples: int, options: Options
) -> tuple[Schedule, list[Choice]]:
    """Steps from the epochs, the rate in proportion to the batch."""
    steps, why = _steps(practice, batch, examples, options)
    rate = rounded(practice.rate * batch / practice.batch)
    start = rounded(rate / (4 if practice.optimizer == "adam" else 3))
    warmup = max(1, min(practice.warmup, steps // WARMUP_SHARE))
    return Schedule(steps, rate, start, warmup), [
        Choice("steps", str(steps), why),
        Choice(
            "learning rate",
            f"{rate:g}",
            f"{practice.rate:g} for batches of {practice.batch} is usual for this network; the rate goes with the batch"
            f" (Goyal et al. 2017), {practice.optimizer} as there, then down to 0 along a cosine",
        ),
        Choice(
            "warm-up",
            f"{warmup} steps",
            f"from {start:g}; "
            + ("as usual for this network" if warmup == practice.warmup else "a tenth of the training"),
        ),
    ]


def _steps(practice: Practice, batch: int, examples: int, options: Options) -> tuple[int, str]:
    if options.steps is not None:
        seen = options.steps * batch / max(1, examples)
        return options.steps, f"as asked for; every example is seen {times(seen)}"
    epochs = practice.epochs if options.epochs is None else options.epochs
    exact = epochs * examples / batch
    steps = max(STRIDE, ceil(exact / STRIDE) * STRIDE)
    said = f"{epochs:g} epochs of {examples:,} examples in batches of {batch}"
    if options.epochs is not None:
        return steps, f"{said}, as asked for, in whole thousands"
    if steps < FEWEST_STEPS:
        seen = FEWEST_STEPS * batch / max(1, examples)
        return (
            FEWEST_STEPS,
            f"{said} would be {ceil(exact)}, too few for a new head; every example is seen {times(seen)}",
        )
    return steps, f"{said}, usual for this network, in whole thousands"


def times(value: float) -> str:
    """How often, in words."""
    return f"{value:,.0f} times" if value >= 10 else f"{value:.2g} times"


def rounded(value: float) -> float:
    """A value to two digits, as people write rates."""
    return round(value, 1 - floor(log10(value))) if value > 0 else 0.0
