"""The objects of a picture: judged, mended where asked, and as fractions of the sides."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.data.importing.flaws import Flaw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfgtool.data.importing.source import Annotation, ClassEntry, Entry, Key, Thing

Box = tuple[float, float, float, float]

_ROUNDING = 1.0
"""Pixels over the edge that come from rounding, or from counting from 0 instead of 1: cut without a word."""
_LEAST = 0.99
"""Pixels of the shortest side of a box; written with few digits, a pixel may be a little less."""


class Kept(NamedTuple):
    """An object to be written: `box` is (ymin, xmin, ymax, xmax) in fractions of the sides."""

    thing: Thing
    entry: ClassEntry
    box: Box


class Judged(NamedTuple):
    """What is left of the objects of a picture once the flaws are mended, and how many boxes were cut by a pixel."""

    kept: list[Kept]
    flaws: list[Flaw]
    rounded: int


def judge(
    annotation: Annotation,
    entry: Entry,
    size: tuple[int, int],
    classes: Mapping[Key, ClassEntry],
) -> Judged:
    """Judge the objects of a picture whose annotations are in the frame `size` (width, height).

    Every flaw is mended as `flaws.WAYS` says; whether that may be is for the caller to decide.
    """
    frame = _Frame(*size, fractions=annotation.fractions)
    kept: list[Kept] = []
    flaws: list[Flaw] = []
    rounded = 0
    seen: dict[tuple[int, Box], str] = {}
    for thing in annotation.things:

        def flaw(code: str, what: str, thing: Thing = thing) -> None:
            message = f"{thing.place} of {entry.name!r}: {what}"
            flaws.append(Flaw(code, entry.number, annotation.path, thing.line, message))

        known = classes.get(thing.key)
        if known is None:
            flaw("class-unknown", f"class {thing.key!r} is not known")
            continue
        found = frame.mended(thing.box)
        for code, what in found.flaws:
            flaw(code, what)
        if found.box is None:
            continue
        rounded += found.rounded
        twin = seen.get((known.id, found.box))
        if twin is not None:
            flaw("box-duplicate", f"the same class and box as {twin}")
            continue
        seen[known.id, found.box] = thing.place if thing.line is None else f"that of line {thing.line}"
        kept.append(Kept(thing, known, found.box))
    return Judged(kept, flaws, rounded)


class _Mended(NamedTuple):
    box: Box | None
    flaws: list[tuple[str, str]]
    rounded: bool = False


class _Frame:
    """The picture in the units of its annotations: pixels, or fractions of the sides."""

    def __init__(self, width: int, height: int, *, fractions: bool) -> None:
        self._high, self._wide = (1.0, 1.0) if fractions else (float(height), float(width))
        self._pixel = (self._high / height, self._wide / width)
        self._fractions = fractions

    def mended(self, box: Box) -> _Mended:
        """The box in fractions, inside the picture; None where nothing is left of it."""
        flaws: list[tuple[str, str]] = []
        shown = f"[ymin {box[0]:.6g}, xmin {box[1]:.6g}, ymax {box[2]:.6g}, xmax {box[3]:.6g}]"
        if not all(math.isfinite(value) for value in box):
            return _Mended(None, [("box-not-finite", f"box {shown} has a value that is not a number")])
        top, left, bottom, right = box
        if top > bottom or left > right:
            flaws.append(("box-inverted", f"box {shown} has its minimum above its maximum"))
            top, bottom = min(top, bottom), max(top, bottom)
            left, right = min(left, right), max(left, right)
        if top == bottom or left == right:
            return _Mended(None, [*flaws, ("box-empty", f"box {shown} has no area")])
        size = "" if self._fractions else f" of {self._wide:.0f} x {self._high:.0f}"
        if bottom <= 0 or right <= 0 or top >= self._high or left >= self._wide:
            why = ": are these pixels?" if self._fractions and max(box) > 2 else ""
            return _Mended(
                None, [*flaws, ("box-outside", f"box {shown} lies outside the picture{size}{why}")]
            )
        over = max(
            -top / self._pixel[0],
            -left / self._pixel[1],
            (bottom - self._high) / self._pixel[0],
            (right - self._wide) / self._pixel[1],
        )
        # A thousandth for what decimal fractions of a whole pixel lose.
        if over > _ROUNDING + 1e-3:
            flaws.append(
                ("box-over-edge", f"box {shown} goes {over:.4g} pixels over the edge of the picture{size}")
            )
        top, left = max(top, 0.0), max(left, 0.0)
        bottom, right = min(bottom, self._high), min(right, self._wide)
        if (bottom - top) / self._pixel[0] < _LEAST or (right - left) / self._pixel[1] < _LEAST:
            flaws.append(("box-tiny", f"box {shown} has a side below one pixel"))
            return _Mended(None, flaws)
        cut = top / self._high, left / self._wide, bottom / self._high, right / self._wide
        return _Mended(cut, flaws, 0 < over <= _ROUNDING + 1e-3)
