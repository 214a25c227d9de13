"""What is on a drawing, before it becomes SVG or pixels; colours are roles, which both schemes give values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from cfgtool.matching.report import palette

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]

_LIGHT_SERIES = ("#1f5fbf", "#c2410c", "#0f7040", "#8b3fb5", "#a05a00", "#be185d", "#0e7490", "#525c6b")
_DARK_SERIES = ("#84b4ff", "#ff9d6b", "#6fd6a0", "#d0a2f7", "#e8c14f", "#ff8fc0", "#62cfe4", "#aab4c2")
SERIES = len(_LIGHT_SERIES)
"""How many colours of curves there are."""

LIGHT = palette.LIGHT | {f"series-{number}": colour for number, colour in enumerate(_LIGHT_SERIES)}
DARK = palette.DARK | {f"series-{number}": colour for number, colour in enumerate(_DARK_SERIES)}


@dataclass(frozen=True)
class Curve:
    """Joined `points` in pixels; `values` are what they stand for, for whoever points at them."""

    points: Sequence[Point]
    role: str
    width: float = 1.0
    opacity: float = 1.0
    dashes: tuple[float, ...] = ()
    name: str = ""
    values: Sequence[Point] = ()


@dataclass(frozen=True)
class Area:
    """A filled rectangle from (left, top) to (right, bottom), in pixels."""

    left: float
    top: float
    right: float
    bottom: float
    role: str
    opacity: float = 1.0


@dataclass(frozen=True)
class Dot:
    """A filled circle around (x, y), in pixels."""

    x: float
    y: float
    radius: float
    role: str


@dataclass(frozen=True)
class Label:
    """Text whose base line passes (x, y), in pixels."""

    x: float
    y: float
    text: str
    size: float = 12.0
    role: str = "ink"
    anchor: Anchor = "start"
    bold: bool = False


Shape = Curve | Area | Dot | Label


@dataclass(frozen=True)
class Scene:
    """A drawing of `width` x `height` pixels, its shapes from the back to the front.

    `title` says in words what is to be seen. `frame` is the part (left, top, right, bottom) that curves are in, None
    where there are several such parts.
    """

    width: float
    height: float
    title: str
    shapes: list[Shape] = field(default_factory=list)
    frame: tuple[float, float, float, float] | None = None


def moved(shapes: Iterable[Shape], right: float, down: float) -> Iterable[Shape]:
    """The shapes at another place."""
    for shape in shapes:
        if isinstance(shape, Curve):
            yield replace(shape, points=[(x + right, y + down) for x, y in shape.points])
        elif isinstance(shape, Area):
            yield Area(
                shape.left + right,
                shape.top + down,
                shape.right + right,
                shape.bottom + down,
                shape.role,
                shape.opacity,
            )
        else:
            yield replace(shape, x=shape.x + right, y=shape.y + down)


def in_grid(scenes: Sequence[Scene], columns: int, title: str, above: Scene | None = None) -> Scene:
    """Scenes of one size in rows of `columns`, below the scene `above`."""
    top = above.height if above is not None else 0.0
    columns = min(columns, len(scenes))
    width, height = scenes[0].width, scenes[0].height
    shapes = list(above.shapes) if above is not None else []
    for number, scene in enumerate(scenes):
        shapes += moved(scene.shapes, number % columns * width, top + number // columns * height)
    return Scene(width * columns, top + height * -(-len(scenes) // columns), title, shapes)
