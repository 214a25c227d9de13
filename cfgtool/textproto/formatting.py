"""Canonical layout of a text proto; what it says, and every comment, stays. Knows no schema.

- Two blanks of indentation, one field a line, `name: value`, `name { ... }` without a colon and with braces, no
  separators between fields, no blanks at the ends of lines, one line end at the end. Line ends are those of the first
  line; a byte order mark stays.
- A block that is written on one line stays there if it fits in 100 columns, else it is opened; a block that is written
  open stays open, even if it is empty. Lists of strings and of messages likewise. A list of numbers or enum values is
  written on one line wherever that fits; where it does not, the rows that it is written in are kept, and wrapped.
- Adjacent strings stay on one line if they are written on one and fit; else each has a line of its own.
- Between top-level blocks of different names, of which one is open, stands a blank line. Other blank lines are kept, of
  several one; none at the start and end of a block. The file starts with one only where it has to: above a comment that
  belongs to the first field, and would belong to the file without it.
- A comment stays where it is: above a field, at the end of a line (two blanks before it, or aligned with its
  neighbours if it was), behind `{`, on lines of its own. Comments between a name and its value move above the field.
  At the end of a line that several fields share, the comment stays with the last of them.
- Names, strings with their quotes and escapes, numbers and enum values are left as they are written.
- From a line `# cfgtool: fmt: off` to `# cfgtool: fmt: on` in the same block, or the end of the block, nothing changes.
  A line that `# cfgtool: ignore` speaks of is not broken, so that it goes on to silence the same findings.
"""

from __future__ import annotations

import re

from cfgtool.textproto.edits import leading_comments
from cfgtool.textproto.flat import Flat, name_of
from cfgtool.textproto.output import INDENT, WIDTH, Output
from cfgtool.textproto.tree import Block, Field, ListValue, Scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfgtool.textproto.tree import Comment, Document

_REGION = re.compile(r"#\s*cfgtool:\s*fmt:\s*(off|on)\b")


def format_document(document: Document, spelled: Mapping[int, str] | None = None) -> str:
    """The text of `document` in canonical layout; formatting that again changes nothing.

    `spelled` are other spellings for scalars, by the offset at which they start. The document must have no problem
    that breaks its tree.
    """
    return _Layout(document, spelled or {}).run()


class _Frame:
    """A block or list that is being written, and how far."""

    __slots__ = ("closer", "indent", "index", "node", "previous", "previous_open")

    def __init__(self, node: Block | ListValue, indent: str, closer: str) -> None:
        self.node = node
        self.indent = indent
        self.closer = closer
        self.index = 0
        self.previous = ""  # the name of the field before, if that was written here
        self.previous_open = False  # whether that was a block on several lines


class _Layout:
    """One pass over a tree; a stack of frames in the place of recursion, as in the parser."""

    def __init__(self, document: Document, spelled: Mapping[int, str]) -> None:
        self.document = document
        self.text = document.text
        self.comments = document.comments
        self.next_comment = 0
        self.out = Output(document)
        self.flat = Flat(document, spelled)
        self.frames = [_Frame(document.root, "", "")]

    def run(self) -> str:
        """The whole text."""
        fields = self.document.root.fields
        above = leading_comments(self.document, fields[0]) if fields and self.comments else []
        # On the first line these comments would belong to the file.
        if above and above[0].start == self.comments[0].start:
            self.out.blank_line()
        while self.frames:
            frame = self.frames[-1]
            if isinstance(frame.node, Block):
                self._block_step(frame, frame.node)
            else:
                self._list_step(frame, frame.node)
        return self.out.finish()

    # Blocks

    def _block_step(self, frame: _Frame, block: Block) -> None:
        """Write the next field of a block with the comments above it, or the end of the block."""
        field = block.fields[frame.index] if frame.index < len(block.fields) else None
        self._comments_at_line_end(field.start if field else block.body_end)
        if field is not None and frame.node is self.document.root and self._wants_blank(frame, field):
            self.out.wants_blank = True
        while comment := self._comment_before(field.start if field else block.body_end):
            self.out.comment(frame.indent, comment)
            if self._switch(comment) == "off":
                self._copy_region(frame, block, comment)
                return
        if field is None:
            self._close(frame, block.body_end, block.end)
        else:
            frame.index += 1
            self._field(frame, field)

    def _close(self, frame: _Frame, start: int, end: int) -> None:
        self.frames.pop()
        if self.frames:
            self.out.close(self.frames[-1].indent, frame.closer, start, end)

    def _wants_blank(self, frame: _Frame, field: Field) -> bool:
        """Whether a blank line has to be put between a top-level field and the one before."""
        if frame.previous in ("", field.name):
            return False
        opens = isinstance(field.value, Block) and self._one_line(frame, field, field.value) is None
        return (opens or frame.previous_open) and not self.out.blank_before(field.start)

    def _field(self, frame: _Frame, field: Field) -> None:
        value = field.value
        assert value is not None, "a text with problems cannot be formatted"
        if self._is_switched_inside(value.start):
            self._copy_field(frame, field)
            return
        while comment := self._comment_before(value.start):
            self.out.comment(frame.indent, comment, above=field.start)
        name = name_of(field)
        line = self._one_line(frame, field, value)
        frame.previous, frame.previous_open = field.name, line is None and isinstance(value, Block)
        if line is not None:
            self.out.put(frame.indent, line, field.start, field.end)
        elif isinstance(value, Block):
            self.out.open(frame.indent, f"{name} {{", field.start, value.body_start)
            self.frames.append(_Frame(value, frame.indent + INDENT, "}"))
        elif isinstance(value, ListValue):
            self.out.open(frame.indent, f"{name}: [", field.start, value.start + 1)
            self.frames.append(_Frame(value, frame.indent + INDENT, "]"))
        else:
            self._parts_aligned(frame, name, field, value)

    def _parts_aligned(self, frame: _Frame, name: str, field: Field, value: Scalar) -> None:
        """Write adjacent strings one below the other."""
        (start, end), *others = self.flat.parts(value)
        self.out.put(frame.indent, f"{name}: {self.text[start:end]}", field.start, end)
        indent = frame.indent + " " * len(f"{name}: ")
        for start, end in others:
            self._write_comments(indent, start)
            self.out.put(indent, self.text[start:end], start, end)

    # Lists

    def _list_step(self, frame: _Frame, value: ListValue) -> None:
        """Write the next item of an open list, or its end."""
        if frame.index == len(value.items):
            self._write_comments(frame.indent, value.end - 1)
            self._close(frame, value.end - 1, value.end)
            return
        item = value.items[frame.index]
        frame.index += 1
        self._write_comments(frame.indent, item.start)
        comma = "," if frame.index < len(value.items) else ""
        if isinstance(item, Block):
            line = self.flat.render(item, WIDTH - len(frame.indent) - len(comma))
            if line is not None:
                self.out.put(frame.indent, line + comma, item.start, item.end)
            else:
                self.out.open(frame.indent, "{", item.start, item.body_start)
                self.frames.append(_Frame(item, frame.indent + INDENT, "}" + comma))
            return
        while comment := self._comment_before(item.end):
            self.out.comment(frame.indent, comment, above=item.start)
        in_row = frame.index > 1 and item.kind != "string"
        self.out.put(frame.indent, self.flat.scalar(item) + comma, item.start, item.end, in_row=in_row)

    # On one line

    def _one_line(self, frame: _Frame, field: Field, value: Block | ListValue | Scalar) -> str | None:
        """The whole field on one line; None where it has to be opened, or is written open and stays so."""
        name = name_of(field)
        if isinstance(value, Block):
            head = f"{name} "
        else:
            head = f"{name}: "
            if isinstance(value, Scalar) and (value.kind != "string" or self.flat.is_one_part(value)):
                return head + self.flat.scalar(value)
            if self._has_comment_before(value.end) or self._stays_open(value):
                return None
        flat = self.flat.render(value, WIDTH - len(frame.indent) - len(head))
        return None if flat is None else head + flat

    def _stays_open(self, value: ListValue | Scalar) -> bool:
        """Whether a list, or adjacent strings, are written on several lines for a reason."""
        first, last = self.out.line(value.start), self.out.line(value.end)
        if first == last or isinstance(value, Scalar):
            return first != last
        strict = any(isinstance(item, Block) or item.kind == "string" for item in value.items)
        return strict or first in self.out.held or last in self.out.held

    # Comments

    def _has_comment_before(self, place: int) -> bool:
        return self.next_comment < len(self.comments) and self.comments[self.next_comment].start < place

    def _comment_before(self, place: int) -> Comment | None:
        """The next comment, if it stands before `place`."""
        if not self._has_comment_before(place):
            return None
        self.next_comment += 1
        return self.comments[self.next_comment - 1]

    def _comments_at_line_end(self, place: int) -> None:
        """Write the comments that stand on the line of what was written last."""
        while self._has_comment_before(place) and not self.comments[self.next_comment].own_line:
            self.out.comment(self.frames[-1].indent, self.comments[self.next_comment])
            self.next_comment += 1

    def _write_comments(self, indent: str, place: int) -> None:
        while comment := self._comment_before(place):
            self.out.comment(indent, comment)

    # Regions

    def _switch(self, comment: Comment) -> str:
        """What a comment switches the formatting to: "off", "on", or "" if it does not speak of it."""
        match = _REGION.match(comment.text)
        return match[1] if match and comment.own_line else ""

    def _is_switched_inside(self, place: int) -> bool:
        """Whether a comment before `place` would begin a region if it stood between fields."""
        ahead = self.next_comment
        while ahead < len(self.comments) and self.comments[ahead].start < place:
            if self._switch(self.comments[ahead]) == "off":
                return True
            ahead += 1
        return False

    def _copy_field(self, frame: _Frame, field: Field) -> None:
        """Put a field as it is."""
        while self._has_comment_before(field.end):
            self.next_comment += 1
        frame.previous = ""
        text = self.text[field.start : field.end].replace("\r\n", "\n")
        self.out.put(frame.indent, text, field.start, field.end)

    def _copy_region(self, frame: _Frame, block: Block, comment: Comment) -> None:
        """Copy the text behind the comment `off` of `block` up to the matching `on`, or to the end of the block."""
        fields = block.fields
        end = block.body_end
        while other := self._comment_before(block.body_end):
            while frame.index < len(fields) and fields[frame.index].end <= other.start:
                frame.index += 1
            inside = frame.index < len(fields) and fields[frame.index].start < other.start
            if not inside and self._switch(other) == "on":
                self.next_comment -= 1
                end = other.start
                break
        else:
            frame.index = len(fields)
        frame.previous = ""
        self.out.copy(comment.end, end)
