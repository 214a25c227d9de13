"""Where the characters of an edited text come from, so that a report can name lines of the file as it was."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cfgtool.textproto import Edit

_END = 1 << 60


class Origins:
    """Maps offsets of the current text to offsets of the original one, through many rounds of edits."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        # (offset now, offset then, kept): kept text advances with its original, new text stays at one point
        # of it.
        self._pieces: list[tuple[int, int, bool]] = [(0, 0, True)]

    def original(self, offset: int) -> int:
        """The original offset of the character now at `offset`; for new text, of the place it was put."""
        now, then, kept = self._pieces[bisect_right(self._pieces, (offset, _END, True)) - 1]
        return then + offset - now if kept else then

    def apply(self, edits: Iterable[Edit]) -> None:
        """Follow one round of edits, given in offsets of the current text and not overlapping."""
        pieces: list[tuple[int, int, bool]] = []
        shift = 0
        last = 0
        for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
            pieces += self._between(last, edit.start, shift)
            if edit.text:
                pieces.append((edit.start + shift, self.original(edit.start), False))
            shift += len(edit.text) - (edit.end - edit.start)
            last = edit.end
        self._pieces = pieces + self._between(last, _END, shift)

    def _between(self, start: int, end: int, shift: int) -> list[tuple[int, int, bool]]:
        """The pieces of the untouched text `start`..`end`, moved by `shift`."""
        if start == end:
            return []
        _, _, kept = self._pieces[bisect_right(self._pieces, (start, _END, True)) - 1]
        inner = [(now + shift, then, kept) for now, then, kept in self._pieces if start < now < end]
        return [(start + shift, self.original(start), kept), *inner]
