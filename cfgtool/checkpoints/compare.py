"""Two checkpoints compared: which tensors each has, and where their values differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import isfinite, nan
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.checkpoints.entry import NO_NUMBERS, WIDTHS
from cfgtool.checkpoints.numbers import CHUNK, numbers
from cfgtool.checkpoints.values import Values

if TYPE_CHECKING:
    from cfgtool.checkpoints.checkpoint import Checkpoint
    from cfgtool.checkpoints.entry import Entry

Progress = Callable[[int, int], None]


class Difference(NamedTuple):
    """How two values of one type and shape differ: in `elements`, at most by `absolute` and by `relative`.

    `relative` is the difference over the larger of both. Where one value is not finite and the other is something else,
    both are NaN. For strings only `elements` says something: 1.
    """

    entry: Entry
    elements: int
    absolute: float
    relative: float


class Comparison(NamedTuple):
    """Entries by what became of them; `others` have another shape or element type in each."""

    only_first: list[Entry]
    only_second: list[Entry]
    others: list[tuple[Entry, Entry]]
    differing: list[Difference]
    equal: list[Entry]

    @property
    def same(self) -> bool:
        """True if nothing differs."""
        return not (self.only_first or self.only_second or self.others or self.differing)


def compare(
    first: Checkpoint,
    second: Checkpoint,
    *,
    tolerance: float = 0.0,
    everything: bool = False,
    progress: Progress | None = None,
) -> Comparison:
    """Compare the tensors of two checkpoints by their keys, with bookkeeping if `everything` is asked for.

    A difference of at most `tolerance` counts as none. Raises UserError if values cannot be read.
    """
    ours, theirs = _entries(first, everything), _entries(second, everything)
    found = Comparison([], [], [], [], [])
    found.only_first.extend(entry for key, entry in ours.items() if key not in theirs)
    found.only_second.extend(entry for key, entry in theirs.items() if key not in ours)
    pairs = [(entry, theirs[key]) for key, entry in ours.items() if key in theirs]
    total = sum(_size(entry) for entry, _ in pairs)
    done = 0
    with Values(first) as left, Values(second) as right:
        for entry, other in pairs:
            if (entry.dtype, entry.shape) != (other.dtype, other.shape):
                found.others.append((entry, other))
            else:
                difference = _difference(entry, left.raw(entry), right.raw(other), tolerance)
                if difference is None:
                    found.equal.append(entry)
                else:
                    found.differing.append(difference)
            done += _size(entry)
            if progress is not None:
                progress(done, total)
    return found


def _entries(checkpoint: Checkpoint, everything: bool) -> dict[str, Entry]:
    return {key: entry for key, entry in checkpoint.entries.items() if everything or not entry.bookkeeping}


def _size(entry: Entry) -> int:
    return entry.elements * WIDTHS[entry.dtype] or entry.size


def _difference(entry: Entry, first: memoryview, second: memoryview, tolerance: float) -> Difference | None:
    """How two values of one type and shape differ; None if they do not."""
    if first == second:
        return None
    if entry.dtype in NO_NUMBERS:
        return Difference(entry, 1, nan, nan)
    count, absolute, relative = 0, 0.0, 0.0
    step = CHUNK * WIDTHS[entry.dtype]
    for start in range(0, len(first), step):
        one, other = first[start : start + step], second[start : start + step]
        if one == other:
            continue
        for gap, size in _gaps(numbers(one, entry.dtype), numbers(other, entry.dtype)):
            if gap <= tolerance:
                continue
            count += 1
            if not isfinite(gap) or not isfinite(size):
                absolute = relative = nan
            elif absolute == absolute:  # no NaN yet
                absolute, relative = max(absolute, gap), max(relative, gap / size)
    return Difference(entry, count, absolute, relative) if count else None


def _gaps(first: Sequence[float], second: Sequence[float]) -> Iterator[tuple[float, float]]:
    """(difference, larger magnitude) where two rows of numbers differ; two NaN do not."""
    for one, other in zip(first, second, strict=True):
        if one != other and (one == one or other == other):
            yield abs(one - other), max(abs(one), abs(other))
