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
_TURN = 0.07


def class_colour(number: int) -> str:
    """The colour of class `number` (from 1), `#rrggbb`."""
    if 1 <= number <= len(_COLOURS):
        return _COLOURS[number - 1]
    return _hex(*colorsys.hsv_to_rgb(number * _GOLDEN_ANGLE % 1.0, 0.85, 0.6 + 0.3 * (number % 2)))


def object_colour(number: int, rank: int) -> str:
    """The colour of object `rank` (from 0) of class `number`: that of the class, of further objects a hue beside it."""
    if not rank:
        return class_colour(number)
    red, green, blue = (value / 255.0 for value in ImageColor.getrgb(class_colour(number))[:3])
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    turn = _TURN * ((rank + 1) // 2) * (1 if rank % 2 else -1)
    return _hex(*colorsys.hsv_to_rgb((hue + turn) % 1.0, max(0.5, saturation), max(0.7, value)))


def text_colour(ground: str) -> str:
    """Black or white, whichever is read more easily on `ground`."""
    red, green, blue = ImageColor.getrgb(ground)[:3]
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 150 else "white"


def _hex(red: float, green: float, blue: float) -> str:
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"
