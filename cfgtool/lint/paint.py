"""Colours of a terminal."""

from __future__ import annotations

import os
from collections.abc import Callable

Paint = Callable[[str, str], str]
"""(text, style) -> the text in that style: a severity, "ok", "bold" or "faint"."""

_COLOURS = {"error": "31", "warning": "33", "info": "36", "ok": "32", "bold": "1", "faint": "2"}


def painter(colour: bool) -> Paint:
    """What paints; without `colour` it leaves the text as it is."""
    if not colour:
        return lambda text, style: text
    return lambda text, style: f"\x1b[{_COLOURS[style]}m{text}\x1b[0m"


def wants_colour(stream: object) -> bool:
    """True for a terminal that can show colours, unless NO_COLOR is set."""
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
