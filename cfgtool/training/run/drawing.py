"""Detections and groundtruth drawn on pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

# Distinct, readable on dark and light pictures; class k takes colour k modulo their number.
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
_GAP = 6


@dataclass(frozen=True)
class Boxes:
    """What to draw on one picture.

    `boxes` float [n, 4], normalised [ymin, xmin, ymax, xmax]; `classes` int [n], from 1 as in the label map;
    `scores` float [n], or None for groundtruth.
    """

    boxes: npt.NDArray[np.float32]
    classes: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32] | None = None


def draw_boxes(
    picture: npt.NDArray[np.uint8], found: Boxes, names: Mapping[int, str], min_score: float = 0.5
) -> Image.Image:
    """`picture`, uint8 [height, width, 3], with the boxes of at least `min_score`, best on top."""
    image = Image.fromarray(picture).convert("RGB")
    canvas = ImageDraw.Draw(image)
    width = max(2, round(min(image.size) / 160))
    font = ImageFont.load_default(size=max(10, min(image.size) // 24))
    order = range(len(found.boxes)) if found.scores is None else np.argsort(found.scores)
    for index in order:
        if found.scores is not None and found.scores[index] < min_score:
            continue
        label = names.get(int(found.classes[index]), f"class {int(found.classes[index])}")
        if found.scores is not None:
            label += f" {found.scores[index]:.2f}"
        colour = _COLOURS[(int(found.classes[index]) - 1) % len(_COLOURS)]
        _draw_box(canvas, image.size, found.boxes[index], label, colour, width, font)
    return image


def _draw_box(
    canvas: ImageDraw.ImageDraw,
    size: tuple[int, int],
    box: npt.NDArray[np.float32],
    label: str,
    colour: str,
    width: int,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    ymin, xmin, ymax, xmax = (float(value) for value in box)
    left, right = xmin * size[0], xmax * size[0]
    top, bottom = ymin * size[1], ymax * size[1]
    canvas.rectangle((left, top, max(left, right), max(top, bottom)), outline=colour, width=width)
    text_left, text_top, text_right, text_bottom = canvas.textbbox((0, 0), label, font=font)
    text_height = text_bottom - text_top + 4
    # The label stands on the box; at the upper edge of the picture it hangs inside instead.
    y = top - text_height if top >= text_height else top
    canvas.rectangle((left, y, left + text_right - text_left + 4, y + text_height), fill=colour)
    canvas.text((left + 2, y + 2 - text_top), label, fill="white", font=font)


def side_by_side(rows: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """The pictures in a grid on white, one inner sequence a row; cells take the size of the largest picture."""
    width = max(image.width for row in rows for image in row)
    height = max(image.height for row in rows for image in row)
    columns = max(len(row) for row in rows)
    sheet = Image.new("RGB", (columns * (width + _GAP) + _GAP, len(rows) * (height + _GAP) + _GAP), "white")
    for y, row in enumerate(rows):
        for x, image in enumerate(row):
            sheet.paste(image, (_GAP + x * (width + _GAP), _GAP + y * (height + _GAP)))
    return sheet
