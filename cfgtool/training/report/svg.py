"""Scenes as SVG: a file of its own with both colour schemes, or a part of a page that has them."""

from __future__ import annotations

from collections.abc import Sequence

from cfgtool.matching.report.markup import escape
from cfgtool.matching.report.palette import properties
from cfgtool.training.report.scene import DARK, LIGHT, Area, Curve, Dot, Label, Scene, Shape

_FONT = 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'

_ROLES = ("ink", "soft", "line", "card", "link", "not_requested")
CLASSES = "".join(
    f".s-{role}{{stroke:var(--{role})}}.f-{role}{{fill:var(--{role})}}"
    for role in (*_ROLES, *(name for name in LIGHT if name.startswith("series")))
)
"""Style sheet of the classes that drawings use; it needs the colours as properties."""


def scene_as_file(scene: Scene) -> str:
    """A whole SVG document, light or dark as the viewer's surroundings are."""
    style = (
        f":root{{{properties(LIGHT)}color-scheme:light dark}}"
        f"@media(prefers-color-scheme:dark){{:root{{{properties(DARK)}}}}}text{{font-family:{_FONT}}}{CLASSES}"
    )
    ground = _shape(Area(0, 0, scene.width, scene.height, "card"))
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" {_attributes(scene)}>'
        f"<title>{escape(scene.title)}</title><style>{style}</style>{ground}{_shapes(scene)}</svg>\n"
    )


def scene_as_element(scene: Scene) -> str:
    """An `svg` element for a page with the colours and `CLASSES` in its style sheet.

    Curves carry what they stand for in `data-x` and `data-y`, and the element the frame that they are in.
    """
    frame = ""
    if scene.frame is not None:
        frame = f' data-frame="{" ".join(_number(edge) for edge in scene.frame)}"'
    return (
        f'<svg class="chart" {_attributes(scene)} aria-label="{escape(scene.title)}"{frame}>'
        f"{_shapes(scene, with_values=True)}</svg>"
    )


def _attributes(scene: Scene) -> str:
    width, height = _number(scene.width), _number(scene.height)
    return f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img"'


def _shapes(scene: Scene, *, with_values: bool = False) -> str:
    return "".join(_shape(shape, with_values) for shape in scene.shapes)


def _shape(shape: Shape, with_values: bool = False) -> str:
    if isinstance(shape, Curve):
        return _curve(shape, with_values)
    if isinstance(shape, Area):
        width, height = _number(shape.right - shape.left), _number(shape.bottom - shape.top)
        corner = f'x="{_number(shape.left)}" y="{_number(shape.top)}"'
        return f'<rect {corner} width="{width}" height="{height}" class="f-{shape.role}"{_opacity(shape.opacity)}/>'
    if isinstance(shape, Dot):
        place = f'cx="{_number(shape.x)}" cy="{_number(shape.y)}" r="{_number(shape.radius)}"'
        return f'<circle {place} class="f-{shape.role}"/>'
    return _label(shape)


def _curve(curve: Curve, with_values: bool) -> str:
    points = " ".join(f"{_number(x)},{_number(y)}" for x, y in curve.points)
    dashes = (
        f' stroke-dasharray="{" ".join(_number(length) for length in curve.dashes)}"' if curve.dashes else ""
    )
    values = ""
    if with_values and curve.values:
        values = (
            f' data-name="{escape(curve.name)}" data-x="{_listed([x for x, _ in curve.values])}"'
            f' data-y="{_listed([y for _, y in curve.values])}"'
        )
    joined = ' stroke-linejoin="round"' if len(curve.points) > 2 else ""
    return (
        f'<polyline points="{points}" fill="none" class="s-{curve.role}" stroke-width="{_number(curve.width)}"'
        f"{_opacity(curve.opacity)}{dashes}{joined}{values}/>"
    )


def _label(label: Label) -> str:
    place = f'x="{_number(label.x)}" y="{_number(label.y)}"'
    anchor = "" if label.anchor == "start" else f' text-anchor="{label.anchor}"'
    weight = ' font-weight="650"' if label.bold else ""
    return (
        f'<text {place} font-size="{_number(label.size)}"{anchor}{weight} class="f-{label.role}">'
        f"{escape(label.text)}</text>"
    )


def _opacity(value: float) -> str:
    return "" if value == 1.0 else f' opacity="{_number(value)}"'


def _listed(values: Sequence[float]) -> str:
    return " ".join(f"{value:.6g}" if value % 1 else f"{value:.0f}" for value in values)


def _number(value: float) -> str:
    """A length in few characters."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
