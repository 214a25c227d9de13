"""Names in brackets: extensions, `[pkg.field]`, and expanded `Any` messages, `[host/pkg.Type]`."""

from __future__ import annotations

import re

from cfgtool.textproto.cursor import shown
from cfgtool.textproto.lexer import NAME, NUMBER, TOKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

_EXTENSION = re.compile(r"[A-Za-z_][0-9A-Za-z_+-]*(?:\.[A-Za-z_][0-9A-Za-z_+-]*)*")
_ANY_PREFIX = re.compile(
    r"(?:[0-9A-Za-z\-.~_!$&()*+,;=]|%[0-9A-Fa-f]{2})(?:[0-9A-Za-z\-.~_!$&()*+,;=/]|%[0-9A-Fa-f]{2})*"
)
_TYPE_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_URL_PUNCTUATION = ".~!$&()*+,;=%/"


class BracketName:
    """A name in brackets: its text without blanks and comments, its kind, its end, what is wrong with it."""

    __slots__ = ("end", "error", "kind", "name")

    def __init__(self, name: str, kind: Literal["extension", "any"], end: int, error: str) -> None:
        self.name = name
        self.kind: Literal["extension", "any"] = kind
        self.end = end
        self.error = error


def read_bracket_name(text: str, start: int) -> BracketName:
    """Read the name whose `[` is at `start`.

    Blanks and comments may stand between its tokens, as protobuf has it. Without a `]` it ends with the last
    token on the line that may belong to a name.
    """
    parts: list[str] = []
    end = line_end = start + 1
    words_on_line = 0
    closed = False
    well_formed = True  # as an extension: words, and dots between them
    after_word = False
    # Without a `]`, only what stands on the same line is believed to belong to the name.
    while (match := TOKEN.match(text, end)) and (kind := match.lastindex):
        piece = match.group(kind)
        closed = piece == "]"
        if not closed and kind not in (NAME, NUMBER) and piece not in _URL_PUNCTUATION:
            break
        same_line = line_end == end and text.find("\n", end, match.start(kind)) < 0
        end = match.end()
        if same_line:
            line_end = end
        if closed:
            break
        is_word = kind in (NAME, NUMBER)
        well_formed &= not (is_word and (after_word or kind == NUMBER))
        after_word = is_word
        parts.append(piece)
        words_on_line += same_line
    name = "".join(parts if closed else parts[:words_on_line])
    kind_of_name: Literal["extension", "any"] = "any" if "/" in name else "extension"
    error = ""
    if not closed:
        error = "'[' without its ']' after the name"
    elif kind_of_name == "any" and not _is_any_name(name):
        error = f"{shown(f'[{name}]')} is not a type name of the form '[host/pkg.Type]'"
    elif kind_of_name == "extension" and not (well_formed and _EXTENSION.fullmatch(name)):
        error = f"{shown(f'[{name}]')} is not the name of an extension"
    return BracketName(name, kind_of_name, end if closed else line_end, error)


def _is_any_name(name: str) -> bool:
    prefix, _, type_name = name.rpartition("/")
    return bool(_ANY_PREFIX.fullmatch(prefix) and _TYPE_NAME.fullmatch(type_name))
