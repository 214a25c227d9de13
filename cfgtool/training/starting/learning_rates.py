"""A learning-rate plan in a line of text: its values at marks, and a small picture."""

from __future__ import annotations

from collections.abc import Callable

_BLOCKS = "▁▂▃▄▅▆▇█"
_LETTERS = "_.:-=+*#"
_SAMPLES = 200


def marks(rate: Callable[[int], float], num_steps: int) -> list[tuple[int, float]]:
    """(step, rate) at the first step, the highest rate (where it is first), the half and the last step."""
    sampled = [num_steps * number // _SAMPLES for number in range(_SAMPLES)]
    highest = max(sampled, key=rate)
    steps = {0, highest, num_steps // 2, max(num_steps - 1, 0)}
    return [(step, rate(step)) for step in sorted(steps)]


def sparkline(rate: Callable[[int], float], num_steps: int, cells: int, *, blocks: bool = True) -> str:
    """The rate over all steps as a row of `cells` bars, from 0 to the highest; letters without `blocks`."""
    signs = _BLOCKS if blocks else _LETTERS
    values = [rate(num_steps * (2 * cell + 1) // (2 * cells)) for cell in range(cells)]
    top = max(values)
    if top <= 0:
        return signs[0] * cells
    return "".join(signs[min(len(signs) - 1, int(len(signs) * value / top))] for value in values)
