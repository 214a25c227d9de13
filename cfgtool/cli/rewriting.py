"""What the commands that rewrite texts share: reading a file or standard input, showing and delivering a result."""

from __future__ import annotations

import sys

from cfgtool.cli.output import write
from cfgtool.errors import UserError
from cfgtool.files import atomic_write, decode_text, encode_text, read_proto

STDIN = "-"


def shown_name(path: str) -> str:
    """What a path is called in messages."""
    return "<stdin>" if path == STDIN else path


def read_input(path: str, name: str | None = None) -> str:
    """The text of a file, or of standard input for `-`, called `name` in messages.

    Raises UserError if it cannot be read or is binary.
    """
    if path != STDIN:
        return read_proto(path)
    data = sys.stdin.buffer.read()
    if b"\0" in data:
        raise UserError("is binary, not a text proto", path=name or shown_name(path))
    return decode_text(data)


def deliver(path: str, before: str, after: str, stdout: bool = False) -> None:
    """Write a result where it belongs; a file that does not change is not touched."""
    if stdout or path == STDIN:
        write_out(after)
    elif after != before:
        atomic_write(path, encode_text(after))


def write_out(text: str) -> None:
    """Write to standard output byte for byte, line ends included."""
    sys.stdout.flush()
    sys.stdout.buffer.write(encode_text(text))
    sys.stdout.buffer.flush()


def tell(text: str) -> None:
    """Write a line to standard error, whatever bytes are in it."""
    write(f"{text}\n", sys.stderr)


def unified_difference(name: str, before: str, after: str) -> str:
    """The changes from one text to another, as `diff -u` shows them."""
    from difflib import unified_diff

    found = unified_diff(_lines(before), _lines(after), name, name)
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in found
    )


def _lines(text: str) -> list[str]:
    """Lines with their ends; only a line feed ends one."""
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1].removesuffix("\n")
    return lines if lines[-1] else lines[:-1]
