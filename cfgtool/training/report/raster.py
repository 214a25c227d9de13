"""Scenes as pixels, through Pillow."""

from __future__ import annotations

import io
import itertools

from PIL import Image, ImageColor, ImageDraw

from cfgtool.matching.report import printable
from cfgtool.training.report.scene import LIGHT, Area, Curve, Dot, Point, Scene, Shape
from cfgtool.training.run.fonts import text_font

_SCALE = 2
"""Pixels of the picture for one of the scene: what screens of high resolution want."""
_FINER = 2
"""Drawn so much larger and reduced, because Pillow draws lines without smoothing their edges."""


def scene_as_png(scene: Scene) -> bytes:
    """The scene in light colours, as the content of a PNG file."""
    factor = _SCALE * _FINER
    size = (round(scene.width * factor), round(scene.height * factor))
    image = Image.new("RGB", size, LIGHT["card"])
    canvas = ImageDraw.Draw(image)
    for shape in scene.shapes:
        _draw(canvas, shape, factor)
    reduced = image.reduce(_FINER)
    content = io.BytesIO()
    reduced.save(content, "PNG", optimize=True)
    return content.getvalue()


def _draw(canvas: ImageDraw.ImageDraw, shape: Shape, factor: int) -> None:
    if isinstance(shape, Curve):
        _draw_curve(canvas, shape, factor)
    elif isinstance(shape, Area):
        place = (shape.left * factor, shape.top * factor, shape.right * factor, shape.bottom * factor)
        canvas.rectangle(place, fill=_mixed(shape.role, shape.opacity))
    elif isinstance(shape, Dot):
        canvas.circle((shape.x * factor, shape.y * factor), shape.radius * factor, fill=LIGHT[shape.role])
    else:
        font = text_font(round(shape.size * factor), bold=shape.bold)
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
        place_of = (shape.x * factor, shape.y * factor)
        canvas.text(place_of, printable(shape.text), fill=LIGHT[shape.role], font=font, anchor=anchor)


def _draw_curve(canvas: ImageDraw.ImageDraw, curve: Curve, factor: int) -> None:
    if len(curve.points) < 2:
        return
    points = [(x * factor, y * factor) for x, y in curve.points]
    colour = _mixed(curve.role, curve.opacity)
    width = max(1, round(curve.width * factor))
    if not curve.dashes:
        canvas.line(points, fill=colour, width=width, joint="curve")
        return
    for dash in _dashed(points, [length * factor for length in curve.dashes]):
        canvas.line(dash, fill=colour, width=width, joint="curve")


def _dashed(points: list[Point], lengths: list[float]) -> list[list[Point]]:
    """The drawn parts of a dashed line."""
    dashes: list[list[Point]] = [[points[0]]]
    place, left = 0, lengths[0]
    for (x, y), (end_x, end_y) in itertools.pairwise(points):
        while (rest := ((end_x - x) ** 2 + (end_y - y) ** 2) ** 0.5) > left:
            x, y = x + (end_x - x) * left / rest, y + (end_y - y) * left / rest
            if place % 2 == 0:
                dashes[-1].append((x, y))
            else:
                dashes.append([(x, y)])
            place += 1
            left = lengths[place % len(lengths)]
        left -= rest
        if place % 2 == 0:
            dashes[-1].append((end_x, end_y))
    return [dash for dash in dashes if len(dash) > 1]


def _mixed(role: str, opacity: float) -> tuple[int, ...]:
    """The colour of a role over the ground."""
    pairs = zip(ImageColor.getrgb(LIGHT[role]), ImageColor.getrgb(LIGHT["card"]), strict=True)
    return tuple(round(over * opacity + under * (1 - opacity)) for over, under in pairs)
