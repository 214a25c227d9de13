"""Writing to streams that may not have every character, and to files."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from cfgtool.errors import UserError


def write(text: str, stream: TextIO) -> None:
    """Write text that may hold bytes which were no UTF-8, or characters that the stream does not have."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


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
