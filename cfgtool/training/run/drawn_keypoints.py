"""Keypoints on pictures: dots, and lines between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ImageDraw

from cfgtool.training.run.colours import class_colour

Edges = Sequence[tuple[int, int]]
"""Pairs of keypoints, by their numbers from 0."""


def draw_keypoints(
    canvas: ImageDraw.ImageDraw,
    points: npt.NDArray[Any],
    visible: npt.NDArray[np.bool_] | None,
    edges: Edges,
    colour: str | None,
    width: int,
) -> None:
    """Draw the keypoints of one object, [k, 2] as (y, x) in pixels, NaN where there is none.

    A dot for each, a ring where it is hidden, in `colour`, or each number in a colour of its own; `edges` whose ends
    are both there are lines, of `width` pixels.
    """
    there = np.isfinite(points).all(axis=1)
    for one, other in edges:
        if max(one, other) < len(points) and min(one, other) >= 0 and there[one] and there[other]:
            line = [(float(x), float(y)) for y, x in (points[one], points[other])]
            canvas.line(line, fill=colour or class_colour(one + 1), width=width)
    radius = width + 1.5
    for number in np.flatnonzero(there):
        y, x = map(float, points[number])
        place = (x - radius, y - radius, x + radius, y + radius)
        fill = colour or class_colour(int(number) + 1)
        if visible is None or visible[number]:
            canvas.ellipse(place, fill=fill, outline="white")
        else:
            canvas.ellipse(place, outline=fill, width=2)
