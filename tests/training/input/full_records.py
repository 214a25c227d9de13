"""Small records with everything that a reader can load; also what the recorded values of the OD API were made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from cfgtool.data import keys
from cfgtool.data.example import encode_example
from cfgtool.data.tfrecord import write_records

LABEL_MAP = """
item { id: 1 name: "/m/a" display_name: "animal" descendant_ids: [2, 3] }
item { id: 2 name: "/m/b" display_name: "bear" ancestor_ids: 1 }
item { id: 3 name: "/m/c" display_name: "cat" ancestor_ids: 1 }
item { id: 4 name: "/m/d" display_name: "door" }
"""
CLASSES, KEYPOINTS = 4, 3
HEIGHT, WIDTH = 24, 32


def _png(pixels: Any) -> bytes:
    return bytes(tf.io.encode_png(np.asarray(pixels, np.uint8)).numpy())


def features(number: int) -> dict[str, Any]:
    """Example 0 has all fields, 1 lacks what may be absent and has equal boxes, 2 has no objects."""
    random = np.random.default_rng(number)
    boxes = [
        [[0.125, 0.25, 0.5, 0.75], [0.25, 0.125, 0.875, 0.5], [0.5, 0.5, 0.75, 1.0]],
        [[0.25, 0.25, 0.75, 0.75], [0.25, 0.25, 0.75, 0.75]],
        [],
    ][number]
    count = len(boxes)
    masks = random.integers(0, 2, (count, HEIGHT, WIDTH))
    points = random.uniform(0.1, 0.9, (count, KEYPOINTS, 2)).astype(np.float32)
    if number == 1:
        points[0, 1] = np.nan
    result: dict[str, Any] = {
        keys.IMAGE: [_png(random.integers(0, 256, (HEIGHT, WIDTH, 3)))],
        keys.FORMAT: [b"png"],
        keys.HEIGHT: [HEIGHT],
        keys.WIDTH: [WIDTH],
        keys.SOURCE_ID: [b"full_%d" % number],
        keys.ADDITIONAL_CHANNELS: [_png(random.integers(0, 256, (HEIGHT, WIDTH, 1))) for _ in range(2)],
        keys.TEXT: [[b"/m/b", b"cat", b"/m/d"], [b"/m/c", b"/m/d"], []][number],
        keys.MASK: [_png(mask[..., np.newaxis]) for mask in masks],
        keys.KEYPOINT_Y: points[..., 0].ravel().tolist(),
        keys.KEYPOINT_X: points[..., 1].ravel().tolist(),
        keys.SCORES: random.uniform(0, 1, count * CLASSES).astype(np.float32).tolist(),
    }
    result |= {key: [float(box[place]) for box in boxes] for place, key in enumerate(keys.BOX)}
    if number == 0:
        result |= {
            keys.WEIGHT: [0.5, 1.0, 2.0],
            keys.GROUP_OF: [0, 1, 0],
            keys.CROWD: [1, 0, 0],
            keys.KEYPOINT_VISIBILITY: [2, 1, 0, 0, 2, 2, 2, 2, 2],
            keys.IMAGE_TEXT: [b"/m/b", b"door"],
            keys.IMAGE_CONFIDENCE: [1.0, 0.0],
        }
    return result


def write(folder: Path, change: dict[str, Any] | None = None) -> tuple[Path, Path]:
    """The record file and the label map; `change` replaces features of the first example."""
    examples = [features(number) for number in range(3)]
    examples[0] |= change or {}
    record, label_map = folder / "full.record", folder / "full.pbtxt"
    write_records(str(record), [encode_example(example) for example in examples])
    label_map.write_text(LABEL_MAP)
    return record, label_map
