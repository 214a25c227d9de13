"""A position in a text: the current token, the problems found so far, and the reading of scalar values."""

from __future__ import annotations

import re

from cfgtool.textproto.lexer import END, NAME, NUMBER, OTHER, QUOTE, STRING, TOKEN, broken_string_end
from cfgtool.textproto.tree import MOST_PROBLEMS, Edit, Lines, Problem, Scalar

CONTINUES_NAME = (":", "=", "{", "<")
"""What follows the name of a field, and never a value."""
_WORD_RUN = r"[^\s{}<>\[\],;#\"']+"


def shown(text: str) -> str:
    """`text` in quotes for a message, shortened if it is long."""
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}...'"


class Cursor:
    """A token reader: the current token is `kind`, `start`, `end`, and its first character `char`."""

    __slots__ = ("char", "end", "kind", "lines", "notes", "previous_end", "problems", "start", "text")

    def __init__(self, text: str, lines: Lines) -> None:
        self.text = text
        self.lines = lines
        self.problems: list[Problem] = []
        self.notes: list[str] = []  # what was left out, if anything
        self.kind = END
        self.char = ""
        self.start = self.end = self.previous_end = 0

    # Tokens

    def advance(self) -> None:
        """Move to the next token."""
        self.previous_end = self.end
        self.read(self.end)

    def read(self, position: int) -> None:
        """Make the first token at or after `position` the current one."""
        match = TOKEN.match(self.text, position)
        index = match.lastindex if match else None
        if match is None or index is None:
            self.kind, self.char = END, ""
            self.start = self.end = len(self.text)
            return
        self.kind = index
        self.start, self.end = match.span(index)
        self.char = self.text[self.start]

    def peek(self, position: int) -> str:
        """The character that the first token at or after `position` starts with; empty at the end."""
        match = TOKEN.match(self.text, position)
        return self.text[match.start(match.lastindex)] if match and match.lastindex else ""

    def on_new_line(self) -> bool:
        """Whether a line end stands between the previous token and the current one."""
        return self.text.find("\n", self.previous_end, self.start) >= 0

    def report(self, code: str, message: str, start: int, end: int, title: str = "", *edits: Edit) -> None:
        """Add a problem, with a fix if `edits` are given; beyond `MOST_PROBLEMS` only a note says so."""
        if len(self.problems) >= MOST_PROBLEMS:
            self.notes = self.notes or [
                f"more than {MOST_PROBLEMS:,} mistakes in the text: the rest is not listed"
            ]
            return
        self.problems.append(Problem(code, message, start, end, (title, list(edits)) if edits else None))

    def token_end(self) -> int:
        """The end of the current token, where a run of unknown characters or a broken string is one token."""
        if self.kind == QUOTE:
            return broken_string_end(self.text, self.start)[0]
        if self.kind == OTHER and (match := re.compile(_WORD_RUN).match(self.text, self.start)):
            return match.end()
        return self.end

    # Scalars

    def scalar(self) -> Scalar | None:
        """The scalar at the current token, None if it is unquoted text. It ends at `previous_end`."""
        start = self.start
        if self.kind in (STRING, QUOTE):
            return self.string()
        unquoted_end = self.unquoted_end()
        if unquoted_end is not None:
            self.unquoted(start, unquoted_end)
            self.end = unquoted_end
            self.advance()
            return None
        if self.kind == NAME:
            self.advance()
            return Scalar(start, self.previous_end, "identifier")
        return self.number()

    def number(self) -> Scalar:
        """The number at the current token."""
        from cfgtool.textproto.values import is_number

        start = self.start
        text = self.text[start : self.end]
        if is_number(text):
            self.advance()
            return Scalar(start, self.previous_end, "number")
        self.advance()
        spaced = text == "-" and self.kind in (NUMBER, NAME) and not self.on_new_line()
        if spaced and is_number("-" + self.text[self.start : self.end]):
            edit = Edit(start + 1, self.start, "")
            message = "blank between '-' and the number"
            self.report("bad-number", message, start, self.end, "remove the blank", edit)
            self.advance()
        else:
            self.report("bad-number", f"{shown(text)} is not a number", start, self.previous_end)
        return Scalar(start, self.previous_end, "number")

    def string(self) -> Scalar:
        """The string at the current token, with the parts that follow it."""
        start = end = self.start
        while self.kind in (STRING, QUOTE):
            if self.kind == QUOTE:
                self.end = self.broken_string()
            end = self.end
            if "\\" in self.text[self.start : end]:
                self.check_escapes()
            self.advance()
        return Scalar(start, end, "string")

    def check_escapes(self) -> None:
        """Report the escapes of the literal at the current token that cannot be decoded."""
        from cfgtool.textproto.values import escapes_of

        for escape in escapes_of(self.text, self.start, self.end):
            if escape.value is None:
                edit = Edit(escape.start, escape.start, "\\")
                message = f"'{escape.text}' is not an escape that can be decoded"
                self.report("bad-escape", message, escape.start, escape.end, "double the backslash", edit)

    def broken_string(self) -> int:
        """Report what is wrong with the quotes of the current literal; the end of the literal."""
        start = self.start
        end, closed = broken_string_end(self.text, start)
        inner = self.text[start + 1 : end - closed]
        quote = '"' if '"' not in inner or "'" in inner else "'"
        if self.char in "\"'":
            quote = self.char
        elif quote == '"':
            inner = inner.replace('"', '\\"')
        if closed or self.char not in "\"'":
            edit = Edit(start, end, quote + inner + quote)
            message = "string in typographic quotes"
            self.report("smart-quote", message, start, end, "write straight quotes", edit)
        else:
            # A backslash at the end would escape the quote that the fix adds.
            odd = (len(inner) - len(inner.rstrip("\\"))) % 2
            edit = Edit(end, end, "\\" * odd + quote)
            message = f"string without its closing {quote}"
            self.report("unterminated-string", message, start, end, f"insert {quote}", edit)
        return end

    def unquoted_end(self) -> int | None:
        """The end of the unquoted text that the current name or number is a part of, None if it is whole."""
        after = self.text[self.end : self.end + 2]
        if not after or after[0].isspace() or after[0] in ",;{}<>[]#\"'":
            return None
        if after[0] in ":=" and after[1:] not in ("/", "\\"):
            return None
        match = re.compile(_WORD_RUN).match(self.text, self.start)
        return match.end() if match else None

    def unquoted(self, start: int, end: int) -> None:
        """Report unquoted text in the place of a value."""
        text = self.text[start:end]
        quoted = '"' + text.replace("\\", "\\\\") + '"'
        edit = Edit(start, end, quoted)
        self.report(
            "unquoted-value", f"value {shown(text)} is not in quotes", start, end, "put it in quotes", edit
        )
