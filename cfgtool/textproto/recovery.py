"""A second pass for texts whose braces do not pair up: indentation tells where a brace is missing or one
too many.

Used only after a strict pass found unclosed blocks or extra closing braces, and only if the text is
indented consistently. Braces stay the first witness: a block whose closing brace, in the strict pass,
stands as deep as its opening line is trusted and never closed early; a missing `}` is assumed only if the
strict pass ended with open blocks, an extra `}` or a missing `{` only if it met a `}` too many.
"""

from __future__ import annotations

from cfgtool.textproto.grammar import Grammar
from cfgtool.textproto.lexer import NAME, PUNCTUATION, TOKEN
from cfgtool.textproto.tree import Block, Edit, Field, ListValue

_CONSISTENT = 0.9  # share of neighbouring lines whose indentation must agree with the braces between them
_REACH = 500  # characters and frames to look back; keeps huge lines and deep nesting linear
_TAB = 8


def reparse(strict: Grammar, start: int) -> Grammar:
    """The parse of the same text with indentation as a hint; `strict` itself where that is no help."""
    if not _consistent(strict.text):
        return strict
    grammar = Indented(strict)
    grammar.end = start
    grammar.read(start)
    while grammar.step():
        pass
    grammar.finish()
    return grammar


def _width(blanks: str) -> int:
    return len(blanks.expandtabs(_TAB))


def _consistent(text: str) -> bool:
    """Whether lines are deeper after an opening brace, shallower at a closing one, else not deeper."""
    good = total = 0
    # Only neighbouring lines are compared: a missing brace upsets that at one place, not from there on.
    before = -1
    opened = False
    for line in text.split("\n"):
        content = line.split("#", 1)[0].rstrip() if "#" in line else line.rstrip()
        body = content.lstrip()
        if not body or body[0] in "\"'-.0123456789":
            continue  # the inside of a list or of a string in parts: people align these as they like
        indent = _width(content[: len(content) - len(body)])
        if before >= 0:
            total += 1
            closes = body[0] in "}>]"
            if opened:
                good += indent == before if closes else indent > before
            else:
                good += indent < before if closes else indent <= before
        before = indent
        opened = body[-1] in "{<["
    return total > 0 and good >= _CONSISTENT * total


def _trusted(root: Block, text: str) -> set[int]:
    """Starts of blocks whose closing brace stands on the opening line or as deep as that."""
    trusted: set[int] = set()
    pending: list[Block] = [root]
    while pending:
        for field in pending.pop().fields:
            value = field.value
            items = value.items if isinstance(value, ListValue) else (value,)
            for block in items:
                if not isinstance(block, Block):
                    continue
                pending.append(block)
                if block.body_end < block.end and _well_placed(text, field.start, block):
                    trusted.add(block.start)
    return trusted


def _well_placed(text: str, opener: int, block: Block) -> bool:
    line = text.rfind("\n", max(0, block.body_end - _REACH), block.body_end) + 1
    if line <= block.start:
        return True
    before = text[line : block.body_end]
    if before.strip():
        return False
    opening_line = text.rfind("\n", max(0, opener - _REACH), opener) + 1
    prefix = text[opening_line:opener]
    return _width(before) == _width(prefix[: len(prefix) - len(prefix.lstrip())])


class Indented(Grammar):
    """The careful parser that also watches the indentation of lines.

    `indents` and `opener_lines` run parallel to `frames`: the indentation and number of the line a frame
    was opened on.
    """

    __slots__ = (
        "allow_extra",
        "allow_missing",
        "bodies",
        "field_indent",
        "field_leading",
        "field_line",
        "indent",
        "indents",
        "leading",
        "line",
        "line_indent",
        "opener_lines",
        "trusted",
    )

    def __init__(self, strict: Grammar) -> None:
        super().__init__(strict.text, strict.lines)
        self.allow_missing = strict.unclosed > 0
        self.allow_extra = strict.extra_closers > 0
        self.trusted = _trusted(strict.root, strict.text)
        self.indents = [-1]
        self.opener_lines = [-1]
        self.bodies = [-1]
        self.line = -1  # counts line changes; equal numbers are the same line
        self.leading = False  # the current token is the first on its line
        self.indent = self.line_indent = 0
        self.field_indent = self.field_line = 0
        self.field_leading = False

    def read(self, position: int) -> None:
        super().read(position)
        newline = self.text.rfind("\n", position, self.start)
        self.leading = newline >= 0 or self.line < 0
        if self.leading:
            self.line += 1
            first = newline + 1 if newline >= 0 else position
            self.indent = self.line_indent = _width(self.text[first : self.start])

    # Frames

    def open_block(self, field: Field, start: int, body_start: int) -> None:
        in_list = isinstance(self.frames[-1], ListValue)
        self.indents.append(self.line_indent if in_list else self.field_indent)
        self.opener_lines.append(self.line if in_list else self.field_line)
        self.bodies.append(-1)
        super().open_block(field, start, body_start)

    def open_list(self, field: Field) -> None:
        self.indents.append(self.field_indent)
        self.opener_lines.append(self.field_line)
        self.bodies.append(-1)
        super().open_list(field)

    def close_block(self, body_end: int, end: int) -> None:
        super().close_block(body_end, end)
        self.indents.pop()
        self.opener_lines.pop()
        self.bodies.pop()

    def close_list(self, value: ListValue, end: int) -> None:
        super().close_list(value, end)
        self.indents.pop()
        self.opener_lines.pop()
        self.bodies.pop()

    def finish(self) -> None:
        while len(self.frames) > 1:
            self.close_here("")
        super().finish()

    def close_here(self, meant: str) -> None:
        """Close the current frame before the current token; the fix adds a line with the delimiter."""
        if isinstance(self.frames[-1], ListValue):
            self.close_unclosed(self.previous_end)
            return
        newline = self.text.find("\n", self.previous_end, self.start)
        place = newline if newline >= 0 else len(self.text) if self.char == "" else self.previous_end
        line_end = "\n"
        if self.text[place - 1 : place] == "\r":
            place -= 1
            line_end = "\r\n"
        closer = ">" if self.text.startswith("<", self.frames[-1].start) else "}"
        edit = Edit(place, place, line_end + " " * self.indents[-1] + closer)
        self.close_unclosed(self.previous_end, meant, edit)

    # Decisions

    def field(self) -> None:
        self.before_field()
        super().field()

    def bracket_field(self) -> None:
        self.before_field()
        super().bracket_field()

    def before_field(self) -> None:
        """Close the blocks that a field on a line of its own cannot belong to, by its indentation."""
        if self.leading and self.allow_missing:
            while isinstance(self.frames[-1], ListValue) or self.dedented():
                self.close_here(self.meant())
        if self.leading and self.bodies[-1] < 0:
            self.bodies[-1] = self.indent
        self.field_indent = self.line_indent
        self.field_line = self.line
        self.field_leading = self.leading

    def dedented(self) -> bool:
        """Whether the current line is not deeper than the line that opened the current block."""
        return (
            len(self.frames) > 1
            and self.indent <= self.indents[-1]
            and self.opener_lines[-1] != self.line
            and self.frames[-1].start not in self.trusted
        )

    def meant(self) -> str:
        return f"; it was probably meant to close before line {self.lines.number(self.start)}"

    def closer(self) -> None:
        if len(self.frames) == 1:
            super().closer()
        elif not self.leading:
            if self.allow_extra and self.goes_on(len(self.frames) - 1):
                self.extra_closer()
            else:
                super().closer()
        else:
            self.leading_closer()

    def leading_closer(self) -> None:
        """A closing brace on a line of its own: closes the block whose opening line is as deep."""
        frame = self.frame_at(self.indent)
        if self.allow_extra and self.goes_on(len(self.frames) - 1 if frame is None else frame):
            self.extra_closer()
            return
        while frame is not None and len(self.frames) - 1 > frame:
            self.close_here(self.meant())
        super().closer()

    def frame_at(self, indent: int) -> int | None:
        """The innermost block opened at `indent`, if all inside it may lack their closing brace."""
        for index in range(len(self.frames) - 1, max(0, len(self.frames) - 1 - _REACH), -1):
            if self.indents[index] == indent and isinstance(self.frames[index], Block):
                return index
            # All blocks between would have to lack their brace: not so if one of them is trusted.
            if (
                self.indents[index] < indent
                or not self.allow_missing
                or self.frames[index].start in self.trusted
            ):
                return None
        return None

    def goes_on(self, frame: int) -> bool:
        """Whether the next line says that the block at `frame` is not yet closed by the current token."""
        match = TOKEN.match(self.text, self.end)
        if match is None or match.lastindex is None:
            return False
        start = match.start(match.lastindex)
        newline = self.text.rfind("\n", self.end, start)
        if newline < 0:
            return False
        next_indent = _width(self.text[newline + 1 : start])
        if match.lastindex == PUNCTUATION and self.text[start] in "}>":
            return next_indent == self.indents[frame]
        # A line that is deeper than the block, but not as deep as its body, is a slip of indentation.
        body = max(self.bodies[frame], self.indents[frame] + 1)
        return match.lastindex == NAME and next_indent >= body

    def no_value(self, field: Field) -> None:
        if not self.lacks_opening_brace():
            super().no_value(field)
            return
        end = field.end
        message = f"no '{{' after '{field.name}'"
        edit = Edit(end, end, " {")
        self.report("missing-opening-brace", message, field.start, end, "insert '{'", edit)
        self.open_block(field, end, end)

    def lacks_opening_brace(self) -> bool:
        """Whether what follows a name without a value looks like the body of a block."""
        if not self.allow_extra:
            return False
        closes = self.kind == PUNCTUATION and self.char == "}"
        if self.leading:
            if not self.field_leading:
                return False
            return (
                self.indent == self.field_indent
                if closes
                else self.kind == NAME and self.indent > self.field_indent
            )
        if self.opener_lines[-1] == self.line:
            return False
        if closes:
            return True
        line_end = self.text.find("\n", self.start, self.start + _REACH)
        # `name a: 1 }` with more closing than opening braces: the opening one stood behind the name.
        rest = self.text[self.start : line_end] if line_end >= 0 else ""
        return rest.count("}") > rest.count("{")
