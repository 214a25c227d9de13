"""Colours of the page, for light and dark surroundings.

What is written on what is in `PAIRS`, so that a test can compute whether it can be read (WCAG 2.2, 1.4.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LIGHT = {
    "paper": "#f6f7f9",
    "card": "#ffffff",
    "ink": "#1a1f26",
    "soft": "#566070",
    "line": "#d5dae1",
    "link": "#1f5fbf",
    "ok": "#0f7040",
    "ok-wash": "#e6f4ec",
    "warning": "#8a5300",
    "warning-wash": "#fdf1dc",
    "error": "#b3261e",
    "error-wash": "#fcebe9",
    "restored": "#2f9e66",
    "shape_mismatch": "#e0a030",
    "missing": "#d9483f",
    "not_requested": "#c3cad4",
    "frozen": "#2a6fc9",
}
DARK = {
    "paper": "#12161c",
    "card": "#1a2029",
    "ink": "#e4e8ee",
    "soft": "#9aa5b4",
    "line": "#313a47",
    "link": "#84b4ff",
    "ok": "#6fd6a0",
    "ok-wash": "#12301f",
    "warning": "#f0bd62",
    "warning-wash": "#35270d",
    "error": "#ff9a91",
    "error-wash": "#3b1715",
    "restored": "#3aa873",
    "shape_mismatch": "#d99a2b",
    "missing": "#e0554c",
    "not_requested": "#4c5765",
    "frozen": "#7fb0ff",
}
PAIRS = (
    ("ink", "paper"),
    ("ink", "card"),
    ("soft", "paper"),
    ("soft", "card"),
    ("link", "card"),
    ("link", "paper"),
    *(
        (severity, ground)
        for severity in ("ok", "warning", "error")
        for ground in ("card", f"{severity}-wash")
    ),
    ("ink", "ok-wash"),
    ("ink", "warning-wash"),
    ("ink", "error-wash"),
    ("frozen", "card"),
)
"""(text, ground): a contrast of 4.5 at least."""
GRAPHICS = ("restored", "shape_mismatch", "missing", "not_requested")
"""Colours of areas in the picture, on `card`; what they mean is also told by their pattern."""


def properties(colours: Mapping[str, str]) -> str:
    """The colours as properties of CSS."""
    return "".join(f"--{name}:{value};" for name, value in colours.items())
