"""Masks that are relative to a box, laid onto the image."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_LEAST_SIDE = np.float32(1e-4)
"""Thinner boxes are taken for that wide, as a fraction of the image; as in the OD API."""
_HALF = 0.5

Rows = NDArray[np.int64]


def paste(mask: NDArray[Any], box: NDArray[Any], canvas: NDArray[np.uint8]) -> None:
    """Write 1 into `canvas` [height, width] where the object of a `mask` [h, w] is, and leave the rest.

    `box` [4] is normalised `[ymin, xmin, ymax, xmax]`. The corners of the mask are the corners of the box, and the first
    and last pixels of the canvas lie on its edges. Float masks are interpolated linearly, and the object is where they
    exceed a half; of others the nearest value counts, and the object is where it is not 0.
    """
    y_axis, x_axis = (
        _axis(box[side], box[side + 2], canvas.shape[side], mask.shape[side]) for side in (0, 1)
    )
    if not y_axis.length or not x_axis.length:
        return
    if np.issubdtype(mask.dtype, np.floating):
        inside = _interpolated(mask.astype(np.float32), y_axis, x_axis) > _HALF
    else:
        inside = mask[y_axis.nearest[:, np.newaxis], x_axis.nearest] > 0
    y, x = y_axis.first, x_axis.first
    canvas[y : y + y_axis.length, x : x + x_axis.length] |= inside


class _Axis(NamedTuple):
    """The pixels from `first` on that lie in the box, and between which cells of the mask each of them is."""

    first: int
    low: Rows
    high: Rows
    share: NDArray[np.float32]
    nearest: Rows

    @property
    def length(self) -> int:
        return len(self.low)


def _axis(low: float, high: float, pixels: int, cells: int) -> _Axis:
    """All in float32 and in this order, so that pixels on a cell's middle fall on the same side as in the OD API."""
    first, last = np.float32(low), np.float32(cells - 1)
    side = np.maximum(np.float32(high) - first, _LEAST_SIDE)
    start, end = (np.float32(0) - first) / side, (np.float32(1) - first) / side
    if pixels > 1:
        step = (end - start) * last / np.float32(pixels - 1)
        places = start * last + np.arange(pixels, dtype=np.float32) * step
    else:
        places = np.array([np.float32(_HALF) * (start + end) * last], np.float32)
    inside = np.flatnonzero((places >= 0) & (places <= last))
    places = places[inside]
    below = np.floor(places)
    return _Axis(
        int(inside[0]) if len(inside) else 0,
        below.astype(np.int64),
        np.ceil(places).astype(np.int64),
        places - below,
        np.floor(places + np.float32(_HALF)).astype(np.int64),
    )


def _interpolated(mask: NDArray[np.float32], y: _Axis, x: _Axis) -> NDArray[np.float32]:
    columns = mask[:, x.low] + (mask[:, x.high] - mask[:, x.low]) * x.share
    above, under = columns[y.low], columns[y.high]
    result: NDArray[np.float32] = above + (under - above) * y.share[:, np.newaxis]
    return result
