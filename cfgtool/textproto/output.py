"""The lines of a formatted text while they are written: indentation, blank lines, comments at line ends."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.textproto.tree import Comment, Document

WIDTH = 100
"""Columns that a line may have if it can be broken; comments at line ends do not count."""

INDENT = "  "

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_SUPPRESSION = re.compile(r"#\s*cfgtool:\s*ignore")
_NOWHERE = -1


class _Line:
    """A line: what it says, and the comment at its end with the column that it has in the source."""

    __slots__ = ("column", "comment", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.comment = ""
        self.column = 0


class Output:
    """Lines written so far. All places are offsets into the source; things must be put in the order of the source."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.source = document.text
        self.held = _held_lines(document)
        self.lines: list[_Line] = []
        self.wants_blank = False  # a blank line comes before the next line, whatever the source has
        self._opened = True  # nothing has been put into the current block yet
        self._end = 0  # behind what was put last
        self._end_line = _NOWHERE  # the line of the source that the last line of the output ends with

    def line(self, place: int) -> int:
        """The line of the source that `place` is on."""
        return self.document.position(place)[0]

    def blank_before(self, place: int) -> bool:
        """Whether the source has a blank line between what was put last and `place`."""
        return _BLANK_LINE.search(self.source, self._end, place) is not None

    def blank_line(self) -> None:
        """Put a blank line."""
        self.lines.append(_Line(""))

    def put(self, indent: str, text: str, start: int, end: int, in_row: bool = False) -> None:
        """Put `text` for the span `start` to `end` of the source.

        It goes on a line of its own, with a blank line before it if the source has one. It goes on the last line if
        both come from one line of the source and that is held, or, `in_row`, if it fits.
        """
        has_room = in_row and len(self.lines[-1].text) + 1 + len(text) <= WIDTH
        self._put(indent, text, start, end, start, has_room)

    def open(self, indent: str, text: str, start: int, end: int) -> None:
        """As `put`, and what comes next is inside: no blank line comes before it."""
        self.put(indent, text, start, end)
        self._opened = True

    def close(self, indent: str, text: str, start: int, end: int) -> None:
        """As `put` for what ends a block: no blank line comes before it."""
        self._put(indent, text, start, end, self._end, False)

    def _put(self, indent: str, text: str, start: int, end: int, gap_end: int, has_room: bool) -> None:
        line = self.line(start)
        if line == self._end_line and (has_room or line in self.held):
            self._go_on(text)
        else:
            self._new_line(indent + text, gap_end)
        self._end = end
        self._end_line = self.line(end)

    def _go_on(self, text: str) -> None:
        self.lines[-1].text += " " + text
        self.wants_blank = self._opened = False

    def _new_line(self, text: str, start: int) -> None:
        if self.wants_blank or (not self._opened and self.blank_before(start)):
            self.blank_line()
        self.lines.append(_Line(text))
        self.wants_blank = self._opened = False

    def comment(self, indent: str, comment: Comment, above: int | None = None) -> None:
        """Put a comment where it stands in the source: on a line of its own, or at the end of the last line.

        `above` is the start of what it stands in the midst of; it goes on a line above that.
        """
        text = comment.text.rstrip()
        last = self.lines[-1] if self.lines else None
        moved = comment.own_line or above is not None or self._end_line == _NOWHERE
        if moved or last is None or last.comment:
            self._new_line(indent + text, comment.start if above is None else above)
        else:
            last.comment = text
            last.column = self.document.position(comment.start)[1]
        self._end = comment.end
        self._end_line = _NOWHERE

    def copy(self, start: int, end: int) -> None:
        """Put the lines of the source behind that of `start`, up to `end`, as they are."""
        lines = self.source[start:end].replace("\r\n", "\n").split("\n")[1:]
        if lines and not lines[-1].strip():
            lines.pop()
        else:
            # The line is cut in two here; what the comment above speaks of is in the first part.
            self.held.discard(self.line(end))
        self.lines += map(_Line, lines)
        self._opened = True
        self._end = end
        self._end_line = _NOWHERE

    def finish(self) -> str:
        """The text of all lines, with the line ends and the byte order mark of the source."""
        self._align()
        text = "\n".join(line.text + line.comment for line in self.lines).rstrip("\n")
        text += "\n" if text else ""
        first = self.source.find("\n")
        if first > 0 and self.source[first - 1] == "\r":
            text = text.replace("\n", "\r\n")
        return "\ufeff" + text if self.source.startswith("\ufeff") else text

    def _align(self) -> None:
        """Put blanks before the comments at line ends: two, or more where neighbours are aligned in the source."""
        run: list[_Line] = []
        for line in [*self.lines, _Line("")]:
            if run and (not line.comment or line.column != run[0].column):
                width = max(len(other.text) for other in run) + 2
                for other in run:
                    other.text = other.text.ljust(width)
                run = []
            if line.comment:
                run.append(line)


def _held_lines(document: Document) -> set[int]:
    """The lines that a `# cfgtool: ignore` speaks of: its own, or the next that holds something else."""
    held: set[int] = set()
    if "cfgtool:" in document.text:
        for comment in document.comments:
            if _SUPPRESSION.match(comment.text):
                line = document.position(comment.start)[0]
                if comment.own_line:
                    line += 1
                    while line < document.line_count and document.line_text(line).lstrip()[:1] in ("", "#"):
                        line += 1
                held.add(line)
    return held
