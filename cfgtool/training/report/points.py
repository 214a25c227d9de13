"""Points on the pictures of a preview: the numbers of keypoints, and DensePose points in the colours of their parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from cfgtool.training.run.colours import class_colour
from cfgtool.training.run.fonts import text_font

_RADIUS = 2
_AWAY = 5
"""Pixels between a keypoint and its number."""


@dataclass(frozen=True)
class Surface:
    """DensePose points of an example: `places` float [n, p, 2], normalised (y, x), NaN where there is none, and `parts`
    int [n, p], the body part of each.
    """

    places: npt.NDArray[np.float32]
    parts: npt.NDArray[np.int64]


def draw_points(
    image: Image.Image, keypoints: npt.NDArray[np.float32] | None, surface: Surface | None
) -> Image.Image:
    """The picture with number k beside each keypoint number k, float [n, k, 2], and a dot for each DensePose point."""
    image = image.copy()
    canvas = ImageDraw.Draw(image)
    sides = np.asarray(image.size[::-1], np.float32)
    if surface is not None:
        for row in range(len(surface.places)):
            for place, part in zip(surface.places[row] * sides, surface.parts[row], strict=True):
                if np.isfinite(place).all():
                    y, x = place
                    circle = (x - _RADIUS, y - _RADIUS, x + _RADIUS, y + _RADIUS)
                    canvas.ellipse(circle, fill=class_colour(int(part) + 1))
    font = text_font(12, bold=True)
    for points in keypoints if keypoints is not None else ():
        for number, (y, x) in enumerate(points * sides):
            if np.isfinite([y, x]).all():
                place = (
                    min(x + _AWAY, image.width - 8 * len(str(number))),
                    min(max(y - 2 * _AWAY, 0), image.height - 14),
                )
                canvas.text(place, str(number), fill="white", font=font, stroke_width=2, stroke_fill="black")
    return image
