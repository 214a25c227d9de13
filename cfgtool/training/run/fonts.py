"""Fonts of labels and captions, through Pillow."""

from __future__ import annotations

import contextlib
import functools

from PIL import ImageFont

from cfgtool.matching.report import printable

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "arial.ttf")
_BOLD_FONTS = (
    "DejaVuSans-Bold.ttf",
    "NotoSans-Bold.ttf",
    "LiberationSans-Bold.ttf",
    "Arial Bold.ttf",
    "arialbd.ttf",
)


@functools.cache
def text_font(size: int, *, bold: bool = False) -> Font:
    """The font of labels and captions, `size` in pixels: one of the system's, for Pillow's own has ASCII only."""
    for name in _BOLD_FONTS if bold else _FONTS:
        with contextlib.suppress(OSError):
            return ImageFont.truetype(name, size)
    return ImageFont.load_default(size=size)


def fitted(text: str, room: float, font: Font) -> str:
    """The text fit to be drawn on one line, cut with an ellipsis where it is wider than `room` pixels."""
    text = printable(text)
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "…") > room:
        text = text[:-1]
    return text + "…"
