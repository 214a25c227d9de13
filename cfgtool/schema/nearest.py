"""The nearest of several names, for "did you mean"; importing `difflib` would cost start-up time."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of `names` that `name` was most likely meant to be; None if none is near.

    Near is: equal but for case and separators, else at most one mistake per three characters (insertions,
    deletions, replacements, swapped neighbours), else the only name that contains it as a whole, or is
    contained in it.
    """
    candidates = list(names)
    plain = fold(name)
    for candidate in candidates:
        if fold(candidate) == plain:
            return candidate
    limit = max(1, min(4, len(name) // 3))
    best: tuple[int, str] | None = None
    for candidate in candidates:
        distance = edit_distance(plain, fold(candidate), limit)
        if distance <= limit and (best is None or distance < best[0]):
            best = (distance, candidate)
    if best is not None:
        return best[1]
    around = [candidate for candidate in candidates if plain in fold(candidate) or fold(candidate) in plain]
    return around[0] if len(around) == 1 and len(plain) > 4 else None


def fold(name: str) -> str:
    """`name` without what people confuse: case, `_`, `-`, blanks."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def edit_distance(left: str, right: str, limit: int) -> int:
    """Insertions, deletions, replacements, swaps of neighbours from word to word; at most `limit + 1`."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, char in enumerate(left, 1):
        current = [i]
        for j, other in enumerate(right, 1):
            cost = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (char != other))
            if i > 1 and j > 1 and char == right[j - 2] and left[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, row = row, current
    return row[-1]
