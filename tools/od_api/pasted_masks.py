"""Masks relative to boxes as the OD API's evaluation lays them onto the stored image.

`PYTHON -m tools.od_api.pasted_masks > tests/training/recorded/pasted_masks.json`. A case is an image size, `masks`
[n, h, w] of detections with `boxes` [n, 4], and the pixels that each object has, as runs along the rows: first of 0, then
of 1, in turn. Masks of whole numbers are stored as such, which the OD API lays on by the nearest value.
"""

from __future__ import annotations

import itertools
import json
import sys
from typing import Any

from tools.od_api.stand_in import tensorflow

SIZES = (
    ((48, 64), (15, 15)),
    ((37, 53), (17, 17)),
    ((64, 31), (5, 9)),
    ((1, 40), (4, 4)),
    ((20, 20), (22, 22)),
)
"""Sizes of image and masks."""


def main() -> None:
    """Print the cases."""
    tf = tensorflow()
    import numpy as np

    random = np.random.default_rng(8)
    cases = [
        _case(tf, np, random, *sizes, whole=whole) for sizes, whole in itertools.product(SIZES, (False, True))
    ]
    json.dump({"cases": cases}, sys.stdout, allow_nan=False)
    print()


def _case(
    tf: Any, np: Any, random: Any, image: tuple[int, int], size: tuple[int, int], *, whole: bool
) -> dict[str, Any]:
    from object_detection.eval_util import resize_detection_masks

    boxes = _boxes(np, random)
    masks = np.round(random.random((len(boxes), *size)), 2)
    # Smooth ones next to noise: a network gives those.
    masks[::2] = np.round(np.linspace(0.0, 1.0, size[1]) * np.linspace(1.2, 0.2, size[0])[:, np.newaxis], 2)
    masks = (masks > 0.6).astype(np.uint8) if whole else masks.astype(np.float32)
    pasted = resize_detection_masks(
        tf.constant(boxes[np.newaxis], tf.float32),
        tf.constant(masks[np.newaxis]),
        tf.constant([image], tf.int32),
    )[0].numpy()
    numbers = masks if whole else np.round(masks.astype(np.float64), 2)
    return {
        "size": image,
        "whole": whole,
        "boxes": boxes.tolist(),
        "masks": numbers.tolist(),
        "pixels": [_runs(one.reshape(-1).tolist()) for one in pasted],
    }


def _boxes(np: Any, random: Any) -> Any:
    """Inside, across the edges, all of the image, thin, a point, and outside."""
    corners = random.uniform(0.0, 0.6, (2, 2))
    inside = np.concatenate([corners, corners + random.uniform(0.1, 0.4, (2, 2))], axis=1)
    across = [[-0.2, -0.1, 0.45, 0.5], [0.6, 0.55, 1.3, 1.2]]
    others = [[0.0, 0.0, 1.0, 1.0], [0.3, 0.2, 0.31, 0.9], [0.5, 0.5, 0.5, 0.5], [1.1, 0.2, 1.4, 0.6]]
    return np.round(np.concatenate([inside, across, others]), 4)


def _runs(values: list[int]) -> list[int]:
    runs = [(value, len(list(group))) for value, group in itertools.groupby(values)]
    return ([0] if runs[0][0] else []) + [length for _, length in runs]


if __name__ == "__main__":
    main()
