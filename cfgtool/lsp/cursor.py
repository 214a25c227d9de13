"""What is being typed at a place of a half-written text.

The word at the cursor is replaced by a mark and the text is parsed again: wherever the error-tolerant parser
puts the mark is where the word belongs, however incomplete the lines around it are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.lsp.places import trail
from cfgtool.textproto import Scalar, parse

if TYPE_CHECKING:
    from typing import Literal

    from cfgtool.schema import FieldType, MessageType

_MARK = "cursor_is_here"
_WORD = re.compile(r"[0-9A-Za-z_+.-]*")
_WORD_BACKWARDS = re.compile(r"[0-9A-Za-z_+.-]*\Z")


class Cursor(NamedTuple):
    """A word that is being typed.

    `kind` is "name" for a field's name, "word" for a value, "string" for the inside of a string. The word is
    the span from `start` to `end`, `typed` what stands of it before the cursor. `message` is the block's
    message, `field` the field whose value it is; `present` are the other fields of the block, `followed`
    tells whether a `:` or a block comes after the name.
    """

    kind: Literal["name", "word", "string"]
    start: int
    end: int
    typed: str
    message: MessageType
    field: FieldType | None
    present: frozenset[str]
    followed: bool


def cursor_at(text: str, offset: int, root: str) -> Cursor | None:
    """The word at `offset` of a text of the message `root`; None in a comment, and where the schema knows
    nothing.
    """
    offset = min(max(offset, 0), len(text))
    line_start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    quote = _open_string(text, line_start, offset)
    if quote is None:
        return None
    # A string may hold anything: it is replaced as a whole, so that the mark is one even if it is not closed.
    if quote >= 0:
        return _in_string(text, quote, offset, root)
    match = _WORD_BACKWARDS.search(text, line_start, offset)
    start = match.start() if match else offset
    word = _WORD.match(text, offset)
    end = word.end() if word else offset
    marked = f"{text[:start]}{_MARK}{text[end:]}"
    after = text[end:].lstrip(" \t")[:1]
    return _located(marked, start, (start, end), text[start:offset], root, after)


def _open_string(text: str, start: int, offset: int) -> int | None:
    """Where the string around `offset` opens on its line; -1 outside of strings, None in a comment."""
    opened, index = -1, start
    while index < offset:
        character = text[index]
        if opened < 0:
            if character == "#":
                return None
            if character in "\"'":
                opened = index
        elif character == "\\":
            index += 1
        elif character == text[opened]:
            opened = -1
        index += 1
    return opened


def _in_string(text: str, quote: int, offset: int, root: str) -> Cursor | None:
    """The cursor inside the string that opens at `quote`; one without an end on its line ends here."""
    end = offset
    while end < len(text) and text[end] not in "\r\n" and text[end] != text[quote]:
        end += 2 if text[end] == "\\" else 1
    closed = end < len(text) and text[end] == text[quote]
    end = end if closed else offset
    marked = f'{text[:quote]}"{_MARK}"{text[end + closed :]}'
    return _located(marked, quote + 1, (quote + 1, end), text[quote + 1 : offset], root, "")


def _located(
    marked: str, place: int, span: tuple[int, int], typed: str, root: str, after: str
) -> Cursor | None:
    """The cursor where the parser finds the mark, which stands at `place`."""
    steps = trail(parse(marked), root, place)
    if not steps:
        return None
    field, block, message, type_, node = steps[-1]
    if message is None:
        return None
    present = frozenset(other.name for other in block.fields if other is not field)
    if field.name == _MARK:
        return Cursor("name", *span, typed, message, None, present, after != "" and after in ":{<")
    if type_ is None or not isinstance(node, Scalar) or _MARK not in marked[node.start : node.end]:
        return None
    return Cursor("string" if node.kind == "string" else "word", *span, typed, message, type_, present, False)
