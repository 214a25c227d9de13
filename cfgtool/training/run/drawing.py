"""Objects drawn on pictures: detections, groundtruth, and what training is fed."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from cfgtool.training.run.colours import class_colour, object_colour, text_colour
from cfgtool.training.run.drawn_keypoints import Edges, draw_keypoints
from cfgtool.training.run.drawn_masks import with_masks
from cfgtool.training.run.fonts import Font, fitted, text_font

Place = tuple[float, float, float, float]

_GAP = 6
_LEGIBLE_SIDE = 320
"""Pictures with shorter sides are enlarged: a label takes 80 pixels, however small the picture."""
_MOST_LABELS = 100
_LEAST_BOX = 6
"""Smaller boxes are drawn that large, or nobody would see them."""
_ANCHOR_OPACITY = 0.6


@dataclass(frozen=True)
class Boxes:
    """What to draw on one picture.

    `boxes` float [n, 4], normalised [ymin, xmin, ymax, xmax]; `classes` int [n], from 1 as in the label map;
    `scores` float [n], or None for groundtruth. `masks` [n, height, width], not 0 on the object, as large as the
    picture; `keypoints` float [n, k, 2], normalised (y, x), NaN where absent; `visible` bool [n, k]. `anchors` float
    [m, 4] are drawn thinly, each in the colour of box number `owners` [m]. `edges` are pairs of keypoints that lines
    connect. With `by_object` masks and keypoints have a colour that tells the objects of a class apart; without it
    masks have that of the class, and keypoint number k is of the same colour on all objects.
    """

    boxes: npt.NDArray[np.float32]
    classes: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32] | None = None
    masks: npt.NDArray[np.uint8] | None = None
    keypoints: npt.NDArray[np.float32] | None = None
    visible: npt.NDArray[np.bool_] | None = None
    anchors: npt.NDArray[np.float32] | None = None
    owners: npt.NDArray[np.int64] | None = None
    edges: Edges = ()
    by_object: bool = False


def draw_boxes(
    picture: npt.NDArray[np.uint8],
    found: Boxes,
    names: Mapping[int, str],
    min_score: float = 0.5,
    longer_side: int | None = None,
) -> Image.Image:
    """`picture`, uint8 [height, width, 3], with the boxes of at least `min_score`, best on top.

    The result has `longer_side` pixels on its longer side; without it small pictures are enlarged, so that labels
    can be read.
    """
    image = _scaled(Image.fromarray(picture).convert("RGB"), longer_side)
    shown = [int(index) for index in _order(found, min_score)]
    colours = _object_colours(found, shown[::-1])
    width = max(2, round(min(image.size) / 160))
    if found.masks is not None:
        masks = [(found.masks[index], colours[index]) for index in shown]
        image = with_masks(image, masks, width)
    if found.anchors is not None and found.owners is not None:
        image = _with_anchors(image, found.anchors, found.classes[found.owners], width)
    canvas = ImageDraw.Draw(image)
    places = {index: _visible(_pixels(found.boxes[index], image.size), image.size) for index in shown}
    for index in shown:
        _outline(canvas, places[index], class_colour(int(found.classes[index])), width)
        if found.keypoints is not None:
            visible = None if found.visible is None else found.visible[index]
            points = found.keypoints[index] * image.size[::-1]
            colour = colours[index] if found.by_object else None
            draw_keypoints(canvas, points, visible, found.edges, colour, width)
    font = text_font(max(12, min(18, min(image.size) // 28)))
    taken: list[Place] = []
    # The best first: they get the places that suit them.
    for index in shown[::-1][:_MOST_LABELS]:
        label = names.get(int(found.classes[index]), f"class {int(found.classes[index])}")
        score = "" if found.scores is None else f" {found.scores[index]:.2f}"
        taken.append(
            _draw_label(
                canvas, image.size, places[index], (label, score), int(found.classes[index]), font, taken
            )
        )
    return image


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


def _scaled(image: Image.Image, longer_side: int | None) -> Image.Image:
    if longer_side is not None:
        factor = longer_side / max(image.size)
    else:
        factor = max(1.0, min(_LEGIBLE_SIDE / min(image.size), 3 * _LEGIBLE_SIDE / max(image.size)))
    if factor == 1.0:
        return image
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.BICUBIC)


def _order(found: Boxes, min_score: float) -> Iterable[int]:
    """Rows to draw, the most important ones last: the best scores, of groundtruth the smallest boxes."""
    if found.scores is not None:
        return [
            index for index in np.argsort(found.scores, kind="stable") if found.scores[index] >= min_score
        ]
    sides = found.boxes[:, 2:] - found.boxes[:, :2]
    return [int(index) for index in np.argsort(-(sides[:, 0] * sides[:, 1]), kind="stable")]


def _object_colours(found: Boxes, rows: Sequence[int]) -> dict[int, str]:
    """Row -> the colour of what is drawn of its object beside the box, for rows by their importance."""
    colours: dict[int, str] = {}
    counts: dict[int, int] = {}
    for index in rows:
        number = int(found.classes[index])
        rank = counts.get(number, 0)
        colours[index] = object_colour(number, rank if found.by_object else 0)
        counts[number] = rank + 1
    return colours


def _with_anchors(
    image: Image.Image, anchors: npt.NDArray[np.float32], classes: npt.NDArray[np.int64], width: int
) -> Image.Image:
    """The image with the outlines of anchors, each in the colour of its class, shining through."""
    over = image.copy()
    canvas = ImageDraw.Draw(over)
    for anchor, number in zip(anchors, classes, strict=True):
        canvas.rectangle(_pixels(anchor, image.size), outline=class_colour(int(number)), width=width - 1)
    return Image.blend(image, over, _ANCHOR_OPACITY)


def _pixels(box: npt.NDArray[np.float32], size: tuple[int, int]) -> Place:
    """Left, top, right, bottom in pixels."""
    ymin, xmin, ymax, xmax = (float(value) for value in box)
    left, top = xmin * size[0], ymin * size[1]
    return left, top, max(left, xmax * size[0]), max(top, ymax * size[1])


def _visible(place: Place, size: tuple[int, int]) -> Place:
    """The place with its edges inside the picture, and large enough to be seen."""
    spans = []
    for low, high, side in ((place[0], place[2], size[0]), (place[1], place[3], size[1])):
        missing = max(0.0, _LEAST_BOX - (high - low)) / 2
        low, high = low - missing, high + missing
        low = min(max(low, 0.0), side - 1.0 - _LEAST_BOX)
        spans.append((low, max(min(high, side - 1.0), low + _LEAST_BOX)))
    (left, right), (top, bottom) = spans
    return left, top, right, bottom


def _outline(canvas: ImageDraw.ImageDraw, place: Place, colour: str, width: int) -> None:
    """A frame with a thin light rim: dark colours would be lost on dark pictures."""
    left, top, right, bottom = place
    canvas.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline="white", width=width + 2)
    canvas.rectangle(place, outline=colour, width=width)


def _draw_label(
    canvas: ImageDraw.ImageDraw,
    size: tuple[int, int],
    box: Place,
    label: tuple[str, str],
    number: int,
    font: Font,
    taken: Sequence[Place],
) -> Place:
    """Write name and score of class `number` at the box, inside the picture and off the places taken; returns where."""
    name, score = label
    text = fitted(name, size[0] - 8 - font.getlength(score), font) + score
    _, top, _, bottom = canvas.textbbox((0, 0), "Ag", font=font)
    width, height = font.getlength(text) + 6, bottom - top + 6
    place = min(
        _label_places(box, width, height, size),
        key=lambda spot: sum(_overlap(spot, other) for other in taken),
    )
    ground = class_colour(number)
    canvas.rectangle(place, fill=ground)
    canvas.text((place[0] + 3, place[1] + 3 - top), text, fill=text_colour(ground), font=font)
    return place


def _label_places(box: Place, width: float, height: float, size: tuple[int, int]) -> Iterator[Place]:
    """Where a label may stand, the best first: on the box, hanging inside from its top, below it, at its right."""
    left, top, right, bottom = box
    corners = [(left, top - height), (left, top), (left, bottom), (right - width, top - height)]
    corners += [(right - width, top), (right - width, bottom), (left, bottom - height)]
    for x, y in corners:
        if -0.5 <= y <= size[1] - height:
            x = max(0.0, min(x, size[0] - width - 1))
            yield x, max(y, 0.0), x + width, max(y, 0.0) + height
    # A box from the upper edge to the lower one of a picture that is hardly higher than a label.
    x = max(0.0, min(left, size[0] - width - 1))
    yield x, 0.0, x + width, height


def _overlap(one: Place, other: Place) -> float:
    """The area that two places share."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, across) * max(0.0, down)


def as_png(image: Image.Image) -> bytes:
    """The content of a PNG file."""
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()
