"""Writing to streams that may not have every character, and to files."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from cfgtool.errors import UserError

_STYLES = ("[0m", "[1m", "[2m", "[31m", "[32m", "[33m", "[36m")
"""What follows an escape character in our own colours."""
_HIDDEN = {
    **{code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n\x1b"},
    0x7F: 0x2421,
    **dict.fromkeys((*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD),
}
"""Characters that steer a terminal or turn the direction of text, and a sign of the same width for each."""
_ESCAPE = "\u241b"


def visible(text: str) -> str:
    """`text` without what steers a terminal: names and texts come from files that anybody may have written. Line ends,
    tabs and our own colours stay.
    """
    text = text.replace("\r\n", "\n").translate(_HIDDEN)
    if "\x1b" in text:
        first, *rest = text.split("\x1b")
        text = first + "".join(("\x1b" if part.startswith(_STYLES) else _ESCAPE) + part for part in rest)
    return text


def write(text: str, stream: TextIO) -> None:
    """Write text for people, which may hold bytes that were no UTF-8, or characters that the stream does not have."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(visible(text).encode(encoding, "backslashreplace").decode(encoding))


def terminal_width(stream: TextIO) -> int | None:
    """Columns of the terminal that `stream` is, or what COLUMNS says; None for a file or a pipe."""
    said = os.environ.get("COLUMNS", "")
    if said.isascii() and said.isdigit() and said.strip("0"):
        return int(said[:5])
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else None
    except OSError:
        return None


def has_character(stream: TextIO, character: str) -> bool:
    """Whether the encoding of `stream` has a character."""
    try:
        character.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def refuse_to_replace(path: str, force: bool) -> None:
    """Raise UserError if `path` exists, unless it may be replaced."""
    if os.path.exists(path) and not force:
        raise UserError("exists already", path=path, hint="--force replaces it")


def write_result(text: str, path: str | None) -> None:
    """Write a result to a file, in one step, or to standard output."""
    if path is None:
        write(text, sys.stdout)
        return
    from cfgtool.files import atomic_write

    atomic_write(path, text.encode("utf-8", "backslashreplace"))
