"""Masks on pictures: the object shines through its colour, and a line runs around it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageFilter

_OPACITY = 0.4


def with_masks(image: Image.Image, masks: Iterable[tuple[npt.NDArray[Any], str]], line: int) -> Image.Image:
    """The image with masks, each not 0 on its object and with its colour; later ones lie on earlier ones.

    Masks of another size are taken for the whole image. `line` is the width of the outline in pixels.
    """
    pixels = np.array(image)
    for mask, colour in masks:
        stencil = Image.fromarray((mask > 0).astype(np.uint8) * np.uint8(255))
        if stencil.size != image.size:
            stencil = stencil.resize(image.size, Image.Resampling.BILINEAR).point(
                lambda value: 255 * (value > 127)
            )
        extent = stencil.getbbox()
        if extent is None:
            continue
        left, top, right, bottom = extent
        # A rim of nothing, so that the line also runs along the edges of the picture.
        inner = stencil.crop((left - line, top - line, right + line, bottom + line))
        eroded = inner.filter(ImageFilter.MinFilter(2 * line + 1))
        object_, core = (np.asarray(one)[line:-line, line:-line] > 0 for one in (inner, eroded))
        share = np.where(core, _OPACITY, 1.0) * object_
        part = pixels[top:bottom, left:right]
        tint = np.array(ImageColor.getrgb(colour), np.float64)
        part[:] = np.rint(part + (tint - part) * share[..., np.newaxis])
    return Image.fromarray(pixels)
