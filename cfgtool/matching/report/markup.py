"""Text of files made fit for a page."""

from __future__ import annotations

from cfgtool.matching.report.wording import printable


def escape(text: str) -> str:
    """The text as content or quoted attribute of HTML; what cannot be shown is escaped as for a terminal."""
    shown = printable(text)
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        shown = shown.replace(character, entity)
    return shown


def code(text: str) -> str:
    """Escaped text as code."""
    return f"<code>{escape(text)}</code>"
