"""The lossless tree of a text proto: nodes are spans of the text, never copies of it.

All spans are half-open character offsets into `Document.text`. Nodes are made by `cfgtool.textproto.parse`
and are not changed afterwards; a change of the text is a list of `Edit`s (see `cfgtool.textproto.edits`).
"""

from __future__ import annotations

from bisect import bisect_right

MOST_PROBLEMS = 10_000
"""No more mistakes than this are kept of one text: a file that is no config must not fill the memory."""

DEEPEST = 100_000
"""More blocks than this inside each other are not read."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    Value = "Scalar | Block | ListValue"


class Scalar:
    """One scalar: a string (adjacent parts are one scalar), a number (with its sign), or an identifier."""

    __slots__ = ("end", "kind", "start")

    def __init__(self, start: int, end: int, kind: Literal["string", "number", "identifier"]) -> None:
        self.start = start
        self.end = end
        self.kind: Literal["string", "number", "identifier"] = kind


class Block:
    """A message value with its delimiters, `{...}` or `<...>`; the root block spans the whole text and has
    none.

    `body_start` and `body_end` are the span inside the delimiters. A delimiter that is missing in the text
    has no width: then `body_start == start` or `body_end == end`, and a Problem says so.
    """

    __slots__ = ("body_end", "body_start", "end", "fields", "start")

    def __init__(self, start: int, body_start: int) -> None:
        self.start = start
        self.body_start = body_start
        self.body_end = body_start
        self.end = body_start
        self.fields: list[Field] = []


class ListValue:
    """A list value with its brackets, `[1, 2]` or `[{...}, {...}]`."""

    __slots__ = ("end", "items", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = start + 1
        self.items: list[Scalar | Block] = []


class Field:
    """One `name: value` or `name {...}`, without the separator (`,` or `;`) that may follow.

    `name` is the name as written; for kind "extension" (`[pkg.field]`) and "any" (`[host/pkg.Type]`) it is
    the text between the brackets, without blanks and comments, while `name_start` and `name_end` include
    the brackets. It is empty where a block has no name. `value` is None where the value is missing or
    unreadable; a Problem says so. `colon` tells whether a `:` (or a mistaken `=`) stands before the value.
    """

    __slots__ = ("colon", "end", "kind", "name", "name_end", "start", "value")

    def __init__(
        self,
        name: str,
        start: int,
        name_end: int,
        end: int,
        colon: bool,
        value: Scalar | Block | ListValue | None,
        kind: Literal["plain", "extension", "any"] = "plain",
    ) -> None:
        self.name = name
        self.start = start
        self.name_end = name_end
        self.end = end
        self.colon = colon
        self.value = value
        self.kind: Literal["plain", "extension", "any"] = kind

    @property
    def name_start(self) -> int:
        """Where the name starts, which is where the field starts."""
        return self.start


class Edit:
    """Replace the text of a span: `start == end` inserts, an empty `text` deletes."""

    __slots__ = ("end", "start", "text")

    def __init__(self, start: int, end: int, text: str) -> None:
        self.start = start
        self.end = end
        self.text = text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Edit):
            return NotImplemented
        return (self.start, self.end, self.text) == (other.start, other.end, other.text)

    def __hash__(self) -> int:
        return hash((self.start, self.end, self.text))

    def __repr__(self) -> str:
        return f"Edit({self.start}, {self.end}, {self.text!r})"


class Problem:
    """A syntax mistake: a slug (see the table in `cfgtool.textproto.problems`), a message, its span, and
    maybe a fix.

    `fix` is a title and the edits that mend this one problem.
    """

    __slots__ = ("code", "end", "fix", "message", "start")

    def __init__(
        self, code: str, message: str, start: int, end: int, fix: tuple[str, list[Edit]] | None = None
    ) -> None:
        self.code = code
        self.message = message
        self.start = start
        self.end = end
        self.fix = fix

    def __repr__(self) -> str:
        return f"Problem({self.code!r}, {self.message!r}, {self.start}, {self.end})"


class Token:
    """A piece of the text; all tokens together are the text.

    `kind` is one of "whitespace", "comment", "identifier", "number", "string", "punctuation", "other".
    """

    __slots__ = ("end", "kind", "start", "text")

    def __init__(self, kind: str, start: int, end: int, text: str) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.text = text

    def __repr__(self) -> str:
        return f"Token({self.kind!r}, {self.start}, {self.end}, {self.text!r})"


class Comment:
    """A comment from its `#` to the end of the line, line end (and a carriage return before it) excluded.

    `own_line` tells whether nothing but blanks stands before it on its line.
    """

    __slots__ = ("end", "own_line", "start", "text")

    def __init__(self, start: int, end: int, text: str, own_line: bool) -> None:
        self.start = start
        self.end = end
        self.text = text
        self.own_line = own_line


class Lines:
    """Line starts of a text; lines end with a line feed, as in protobuf's own parser."""

    __slots__ = ("_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """The offset of each line's first character; computed on first use."""
        if self._starts is None:
            starts = [0]
            offset = 0
            for part in self.text.split("\n")[:-1]:
                offset += len(part) + 1
                starts.append(offset)
            self._starts = starts
        return self._starts

    def number(self, offset: int) -> int:
        """The 1-based line of `offset`."""
        return bisect_right(self.starts, offset)


class Document:
    """A text and its tree. `str(document)` is the text, unchanged.

    `notes` says what was left out of a text that is beyond all measure.
    """

    __slots__ = ("_comments", "_lines", "_tokens", "notes", "problems", "root", "text")

    def __init__(
        self, text: str, root: Block, problems: list[Problem], lines: Lines, notes: tuple[str, ...] = ()
    ) -> None:
        self.text = text
        self.notes = notes
        self.root = root
        self.problems = problems
        self._lines = lines
        self._tokens: list[Token] | None = None
        self._comments: list[Comment] | None = None

    def __str__(self) -> str:
        return self.text

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of `offset`, both from 1, the column in characters; offsets outside are clamped."""
        offset = min(max(offset, 0), len(self.text))
        line = self._lines.number(offset)
        return line, offset - self._lines.starts[line - 1] + 1

    def byte_offset(self, offset: int) -> int:
        """`offset` counted in bytes of the UTF-8 file; a byte that was not UTF-8 (a lone surrogate) counts
        as one.
        """
        prefix = self.text[:offset]
        if prefix.isascii():
            return len(prefix)
        # A lone surrogate stands for one byte, but is encoded as three.
        undecodable = sum("\udc80" <= character <= "\udcff" for character in prefix)
        return len(prefix.encode("utf-8", "surrogatepass")) - 2 * undecodable

    def line_start(self, line: int) -> int:
        """The offset where the 1-based `line` starts. Raises IndexError if there is no such line."""
        if line < 1:
            raise IndexError(line)
        return self._lines.starts[line - 1]

    @property
    def line_count(self) -> int:
        """The number of lines; a text that ends with a line feed has an empty last line."""
        return len(self._lines.starts)

    def line_text(self, line: int) -> str:
        """The text of the 1-based `line` without its line end. Raises IndexError if there is no such line."""
        start = self.line_start(line)
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].removesuffix("\r")

    def tokens(self) -> list[Token]:
        """All tokens, blanks and comments included; their texts joined are the text."""
        if self._tokens is None:
            from cfgtool.textproto.lexer import tokenize

            self._tokens = tokenize(self.text)
        return self._tokens

    @property
    def comments(self) -> list[Comment]:
        """All comments in order. Cheap for texts without any; else it costs a pass over the text, once."""
        if self._comments is None:
            from cfgtool.textproto.lexer import find_comments

            self._comments = find_comments(self.text)
        return self._comments

    def walk(self) -> Iterator[tuple[Block, Field]]:
        """Every field with the block it stands in, in source order, at any depth."""
        pending: list[Iterator[tuple[Block, Field]]] = [_children(self.root)]
        while pending:
            for block, field in pending[-1]:
                yield block, field
                value = field.value
                if isinstance(value, Block):
                    pending.append(_children(value))
                    break
                if isinstance(value, ListValue):
                    pending.append(
                        child for item in value.items if isinstance(item, Block) for child in _children(item)
                    )
                    break
            else:
                pending.pop()


def _children(block: Block) -> Iterator[tuple[Block, Field]]:
    for field in block.fields:
        yield block, field
