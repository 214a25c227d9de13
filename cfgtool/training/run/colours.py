"""The colours of what is drawn on pictures."""

from __future__ import annotations

import colorsys

from PIL import ImageColor

# Distinct, readable on dark and light pictures; further classes get hues between these.
_COLOURS = (
    "#e6194b",
    "#3cb44b",
    "#4363d8",
    "#f58231",
    "#911eb4",
    "#008080",
    "#9a6324",
    "#808000",
    "#000075",
    "#f032e6",
)
_GOLDEN_ANGLE = 0.381966


def class_colour(number: int) -> str:
    """The colour of class `number` (from 1), `#rrggbb`."""
    if 1 <= number <= len(_COLOURS):
        return _COLOURS[number - 1]
    red, green, blue = colorsys.hsv_to_rgb(number * _GOLDEN_ANGLE % 1.0, 0.85, 0.6 + 0.3 * (number % 2))
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"


def text_colour(ground: str) -> str:
    """Black or white, whichever is read more easily on `ground`."""
    red, green, blue = ImageColor.getrgb(ground)[:3]
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 150 else "white"
