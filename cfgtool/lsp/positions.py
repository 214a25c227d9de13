"""From offsets in a text to the protocol's positions and back: the only place that knows about code units.

A position is a line and a column, both from 0; the column counts code units of the encoding that client and
server agreed on. Lines end with a line feed, a carriage return, or both. A column never reaches into a line
end, and one that falls inside a character means the character's start.
"""

from __future__ import annotations

import re
from bisect import bisect_right

ENCODINGS = ("utf-8", "utf-16", "utf-32")
_LINE_END = re.compile(r"\r\n|\n|\r")


class Positions:
    """The lines of one text. Offsets and positions outside the text are clamped to it."""

    __slots__ = ("_encoding", "_ends", "_plain", "_starts", "_text")

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self._text = text
        self._encoding = encoding
        self._plain = text.isascii() or encoding == "utf-32"
        ends = [match.span() for match in _LINE_END.finditer(text)]
        self._starts = [0, *(end for _, end in ends)]
        self._ends = [*(start for start, _ in ends), len(text)]

    @property
    def line_count(self) -> int:
        """The number of lines; a text that ends with a line end has an empty last line."""
        return len(self._starts)

    def line(self, offset: int) -> int:
        """The line of `offset`."""
        return bisect_right(self._starts, min(max(offset, 0), len(self._text))) - 1

    def position(self, offset: int) -> tuple[int, int]:
        """(line, column) of the character at `offset`; between `\\r` and `\\n` it is the end of the line."""
        line = self.line(offset)
        start = self._starts[line]
        end = min(max(offset, start), self._ends[line])
        return line, end - start if self._plain else self._units(start, end)

    def offset(self, line: int, column: int) -> int:
        """The offset of a position; beyond the end of its line it is that end, beyond the last line the
        text's.
        """
        if line < 0:
            return 0
        if line >= len(self._starts):
            return len(self._text)
        start, end = self._starts[line], self._ends[line]
        if self._plain:
            return min(start + max(column, 0), end)
        for offset in range(start, end):
            column -= self._width(self._text[offset])
            if column < 0:
                return offset
        return end

    def line_span(self, line: int) -> tuple[int, int]:
        """Offsets of the start and the end (without its line end) of a line. Raises IndexError beyond the last."""
        return self._starts[line], self._ends[line]

    def _units(self, start: int, end: int) -> int:
        return sum(self._width(character) for character in self._text[start:end])

    def _width(self, character: str) -> int:
        """Code units of one character; a lone surrogate is one unit of UTF-16 and three of UTF-8."""
        if self._encoding == "utf-16":
            return 2 if character > "\uffff" else 1
        return len(character.encode("utf-8", "surrogatepass"))
