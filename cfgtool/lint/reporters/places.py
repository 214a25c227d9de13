"""What the formats of other programs need: file names relative to the current folder, and characters they can hold."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def relative(path: str | None) -> str | None:
    """`path` below the current folder, with slashes; None if it is not below it."""
    if path and "://" in path:
        return None
    name = os.path.relpath(os.path.abspath(path or "<stdin>"))
    return None if name.split(os.sep)[0] == os.pardir else name.replace(os.sep, "/")


def shown(path: str | None) -> str:
    """`path` below the current folder, or else the whole path; with slashes."""
    if path and "://" in path:
        return path
    return relative(path) or os.path.abspath(path or "<stdin>").replace(os.sep, "/")


def relative_uri(path: str | None) -> str | None:
    """`path` below the current folder as a relative URI; None if it is not below it."""
    name = relative(path)
    return None if name is None else quote(os.fsencode(name))


def absolute_uri(path: str) -> str:
    """`path` as a `file:` URI; one that has a scheme as it is."""
    if "://" in path:
        return path
    return Path(os.path.abspath(path)).as_uri()


def encodable(text: str) -> str:
    """`text` with bytes that were no UTF-8 written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def xml_text(text: str) -> str:
    """`text` with the characters that XML cannot hold, control characters above all, written as escapes."""
    return _NO_XML.sub(lambda match: match[0].encode("unicode_escape", "backslashreplace").decode(), text)
