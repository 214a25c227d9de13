"""From a text and its replacement to the smallest edits by whole lines, so that cursors and folds stay."""

from __future__ import annotations

from difflib import SequenceMatcher

from cfgtool.textproto import Edit


def line_edits(before: str, after: str) -> list[Edit]:
    """Edits, sorted and apart, that turn `before` into `after`; none where they are equal."""
    if before == after:
        return []
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    return [
        Edit(starts[old_start], starts[old_end], "".join(new[new_start:new_end]))
        for kind, old_start, old_end, new_start, new_end in SequenceMatcher(
            None, old, new, autojunk=False
        ).get_opcodes()
        if kind != "equal"
    ]
