"""The checks of the boxes of one example."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.data.objects import Box

    Flaw = tuple[str, str, str]

_TOLERANCE = 1e-5
_ASSERTED_MAXIMUM = 1.1
"""Beyond this the OD API's conversion between box coordinates stops with an assertion."""
_PIXELS_FROM = 2.0
_LEAST_AREA = 0.999
"""Square pixels; a box of exactly one may lose a little in float32."""
_VANISHING = 1e-3
"""Where all boxes of an image end before this, they were divided by the image's sides twice, or never filled in."""


def box_flaws(boxes: list[Box], image_area: int) -> Iterator[Flaw]:
    """One flaw of each kind, naming the first box that has it; `image_area` in pixels, 0 if it is not known."""
    if boxes and all(0 <= value < _VANISHING for box in boxes for value in box):
        message = f"all boxes end at {max(map(max, boxes)):.2g}: were they divided by the image size twice?"
        yield "boxes-near-zero", "error", message
        return
    found: dict[str, tuple[int, Flaw]] = {}
    for number, box in enumerate(boxes):
        flaw = _box_flaw(box, image_area)
        if flaw is not None:
            count = found.get(flaw[0], (0, flaw))[0]
            code, severity, message = flaw
            first = (code, severity, f"box {number} {_shown(box)} {message}")
            found[code] = (count + 1, found[code][1] if count else first)
    for count, (code, severity, message) in found.values():
        more = f" (and {count - 1} more of this record)" if count > 1 else ""
        yield code, severity, message + more


def _box_flaw(box: Box, image_area: int) -> Flaw | None:
    ymin, xmin, ymax, xmax = box
    if not all(math.isfinite(value) for value in box):
        return "box-not-finite", "error", "has a coordinate that is not a number"
    if max(box) > _PIXELS_FROM:
        return "box-in-pixels", "error", "looks like pixels; coordinates are fractions of the image sides"
    if ymin > ymax or xmin > xmax:
        return "box-inverted", "error", "has its minimum above its maximum"
    if max(box) > _ASSERTED_MAXIMUM or min(box) < 1 - _ASSERTED_MAXIMUM:
        return "box-outside", "error", "lies outside the image: was it divided by the wrong width or height?"
    if max(box) > 1 + _TOLERANCE or min(box) < -_TOLERANCE:
        return "box-over-edge", "warning", "crosses the edge of the image"
    if ymin == ymax or xmin == xmax:
        return "box-without-area", "warning", "has no area: training drops it"
    if image_area and (ymax - ymin) * (xmax - xmin) * image_area < _LEAST_AREA:
        return "box-below-a-pixel", "warning", "is smaller than one pixel"
    return None


def _shown(box: Box) -> str:
    return "[" + ", ".join(f"{value:.6g}" for value in box) + "]"
