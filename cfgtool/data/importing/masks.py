"""Masks of objects as PNG images, 1 on the object and 0 beside it, as the reader's PNG_MASKS wants them.

Polygons are filled by the rule of pycocotools, with which COCO's own masks and the OD API's were made: the outline is
drawn on a grid five times as fine, and a pixel counts by where its column crosses it.
"""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

from cfgtool.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.uint8]


def need_masks() -> None:
    """Raise UserError where a package that fills masks is not installed."""
    import importlib.util

    missing = [name for name in ("numpy", "PIL", "pycocotools") if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"masks need {', '.join(missing)}, which is not installed",
            hint="pip install 'cfgtool[train]', or import with --no-masks",
        )


class Stencils:
    """The masks of one picture of `width` x `height` pixels; `frame` (width, height) is what outlines are given in.

    `fractions`: polygons are in fractions of the sides. `numbered` is a picture of numbers, "" for none.
    """

    def __init__(
        self, width: int, height: int, frame: tuple[int, int], *, fractions: bool = False, numbered: str = ""
    ) -> None:
        self._size = width, height
        self._frame = frame
        self._factors = (width, height) if fractions else (width / frame[0], height / frame[1])
        self._numbered_path = numbered
        self._numbered: Mask | None = None

    def png(self, outline: Any) -> bytes:
        """The mask of an outline. Raises UserError, saying why, where it cannot be filled."""
        if outline is None or outline == []:
            raise UserError("has no outline")
        if isinstance(outline, int):
            mask = self._of_number(outline)
        elif isinstance(outline, dict):
            mask = self._of_code(outline)
        elif isinstance(outline, list):
            mask = self._of_polygons(outline)
        else:
            raise UserError(f"has an outline of a kind that is not known: {type(outline).__name__}")
        if not mask.any():
            raise UserError("has a mask without a pixel")
        return _as_png(mask)

    def _of_polygons(self, polygons: list[Any]) -> Mask:
        from pycocotools import mask as coco

        width, height = self._size
        scaled = [self._scaled(polygon) for polygon in polygons]
        codes = coco.frPyObjects(scaled, height, width)
        found: Mask = coco.decode(coco.merge(codes))
        return found

    def _scaled(self, polygon: Any) -> list[float]:
        """A polygon in pixels. What lies far outside would be drawn as a line without end."""
        if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2:
            raise UserError("has a polygon that is no list of at least three corners")
        points = []
        for place, value in enumerate(polygon):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                raise UserError(f"has a polygon with {value!r}, not a number")
            side = self._size[place % 2]
            scaled = value * self._factors[place % 2]
            if not -side <= scaled <= 2 * side:
                raise UserError(f"has a polygon that reaches to {value:g}, far outside the picture")
            points.append(float(scaled))
        return points

    def _of_code(self, code: dict[str, Any]) -> Mask:
        """A run-length code: runs of 0 and 1 in turns, down the columns; as a list or in COCO's letters."""
        import numpy as np

        width, height = self._size
        if code.get("size") != [height, width] or self._frame != self._size:
            raise UserError(f"has a mask of size {code.get('size')}, and the picture {[height, width]}")
        counts = code.get("counts")
        runs = _runs_of(counts) if isinstance(counts, str) else counts
        good = isinstance(runs, list) and all(type(run) is int and run >= 0 for run in runs)
        if not good or not isinstance(runs, list) or sum(runs) != height * width:
            raise UserError(f"has a run-length code that does not fill {width} x {height} pixels")
        flat = np.repeat(np.arange(len(runs), dtype=np.int64) % 2, runs)
        mask: Mask = flat.reshape(width, height).T.astype(np.uint8)
        return mask

    def _of_number(self, number: int) -> Mask:
        """The pixels with that number."""
        import numpy as np

        if self._numbered is None:
            self._numbered = _numbers_in(self._numbered_path, self._size)
        mask: Mask = (self._numbered == number).astype(np.uint8)
        return mask


def _numbers_in(path: str, size: tuple[int, int]) -> Mask:
    """The picture of numbers: the places in its palette, 255 where the object is not certain."""
    import numpy as np
    from PIL import Image

    if not path:
        raise UserError("has no picture in SegmentationObject")
    try:
        image = Image.open(path)
        image.load()
    except Exception as error:  # the decoders raise many kinds
        raise UserError(f"has a mask that cannot be decoded: {error}") from None
    if image.mode not in ("P", "L"):
        raise UserError(f"has masks in mode {image.mode}, not numbers by a palette")
    if image.size != size:
        raise UserError(
            f"has masks of {image.width} x {image.height} pixels, and the picture is of another size"
        )
    return np.asarray(image)


def _runs_of(letters: str) -> list[int]:
    """The runs of a compressed code: 5 bits and a continuation bit a letter from "0" on, the lowest first, signed;
    from the fourth on each is the difference to the run before the last.
    """
    runs: list[int] = []
    at = 0
    while at < len(letters):
        value = shift = 0
        while True:
            if at >= len(letters) or shift > 60:
                raise UserError("has a run-length code that is cut off")
            bits = ord(letters[at]) - 48
            if not 0 <= bits < 64:
                raise UserError(f"has a run-length code with {letters[at]!r}")
            value |= (bits & 31) << shift
            at += 1
            shift += 5
            if not bits & 32:
                break
        if bits & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
    return runs


def _as_png(mask: Mask) -> bytes:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(mask).save(content, "PNG")
    return content.getvalue()
