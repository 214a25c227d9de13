"""Texts that are no config at all, and the marks of merge conflicts: one finding, not a cascade."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.findings import Finding
    from cfgtool.lint.rules import Rule
    from cfgtool.textproto import Document

_STARTS = (
    (r"<(!doctype|html|\?xml|head|body)", "is a web page, not a config; download the raw file"),
    (
        r"(syntax\s*=|package\s+\w|import\s+\")",
        "is a .proto schema, not a config; a config begins with 'model {'",
    ),
    (r"version https://git-lfs", "is a Git LFS pointer, not the file itself; 'git lfs pull' fetches it"),
    (r"\{\s*\"", "is JSON, not a text proto; a config begins with 'model {'"),
)
_MARKS = re.compile(r"^(<<<<<<<|=======|>>>>>>>|\|\|\|\|\|\|\|)(?=[ \r\n]|$).*", re.MULTILINE)


def foreign_text(document: Document, rule: Rule) -> Finding | None:
    """The finding that a whole text is of another kind."""
    text = document.text
    start = len(text) - len(text.lstrip("\ufeff \t\r\n"))
    for pattern, what in _STARTS:
        match = re.compile(pattern, re.IGNORECASE).match(text, start)
        if match:
            return rule.at(start, match.end(), f"text {what}")
    return None


def conflict_marks(document: Document, rule: Rule) -> Iterator[Finding]:
    """A finding per mark that a merge conflict has left."""
    for match in _MARKS.finditer(document.text):
        end = match.end() - match.group().endswith("\r")
        message = f"'{match[1]}' is the mark of a merge conflict; choose a side and remove the marks"
        yield rule.at(match.start(), end, message)
