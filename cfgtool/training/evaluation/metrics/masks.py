"""Masks of whole images, run-length encoded: a few bytes for each object in place of all pixels of the image.

pycocotools does the encoding and counting; it is imported where masks are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rle = dict[str, Any]
"""An encoded mask: `size` [height, width] and `counts`."""
_AT_ONCE = 200


def encoded(masks: NDArray[Any]) -> list[Rle]:
    """Masks [n, height, width], not 0 on their object."""
    if not len(masks):
        return []
    from pycocotools import mask

    columns = np.asfortranarray(np.moveaxis(masks != 0, 0, -1).astype(np.uint8))
    found: list[Rle] = mask.encode(columns)
    return found


def areas(masks: Sequence[Rle]) -> NDArray[np.float64]:
    """Pixels of each object, [n]."""
    if not masks:
        return np.zeros(0)
    from pycocotools import mask

    # Of more than 255 masks at once the areas cannot be had: releases of it keep that number in a byte.
    parts = [masks[start : start + _AT_ONCE] for start in range(0, len(masks), _AT_ONCE)]
    return np.concatenate([np.asarray(mask.area(list(part)), np.float64) for part in parts])


def mask_overlaps(
    found: Sequence[Rle], truths: Sequence[Rle], *, of_found: bool = False
) -> NDArray[np.float64]:
    """Intersection over union of masks [m] and masks [n], [m, n]; with `of_found` over the area of the first."""
    if not found or not truths:
        return np.zeros((len(found), len(truths)))
    from pycocotools import mask

    return np.asarray(mask.iou(list(found), list(truths), [int(of_found)] * len(truths)), np.float64)
