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
CONTEXT_LENGTH = 4
DENSEPOSE_NUM = ([2, 0, 3], [1, 4], [])


def _png(pixels: Any) -> bytes:
    return bytes(tf.io.encode_png(np.asarray(pixels, np.uint8)).numpy())


def _floats(random: np.random.Generator, count: int) -> list[float]:
    return random.uniform(0.0, 1.0, count).astype(np.float32).tolist()


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
    # Later draws come last: those above are what the recorded values were made from.
    dots = sum(DENSEPOSE_NUM[number])
    result |= {
        keys.TRACK: [[7, 3, 9], [4, 4], []][number],
        keys.CONTEXT_LENGTH: [CONTEXT_LENGTH],
        keys.CONTEXT_FEATURES: _floats(random, CONTEXT_LENGTH * (2, 3, 0)[number]),
        keys.DENSEPOSE_NUM: DENSEPOSE_NUM[number],
        keys.DENSEPOSE_PART: random.integers(0, 24, dots).tolist(),
        **{key: _floats(random, dots) for key in keys.DENSEPOSE[1:]},
    }
    if number == 0:
        result |= {
            keys.KEYPOINT_DEPTH: _floats(random, count * KEYPOINTS),
            keys.KEYPOINT_DEPTH_WEIGHT: _floats(random, count * KEYPOINTS),
            keys.MASK_WEIGHT: [0.5, 1.0, 0.0],
            keys.WEIGHT: [0.5, 1.0, 2.0],
            keys.GROUP_OF: [0, 1, 0],
            keys.CROWD: [1, 0, 0],
            keys.KEYPOINT_VISIBILITY: [2, 1, 0, 0, 2, 2, 2, 2, 2],
            keys.IMAGE_TEXT: [b"/m/b", b"door"],
            keys.IMAGE_CONFIDENCE: [1.0, 0.0],
        }
    return result


def tall_image() -> dict[str, Any]:
    """Another image for the first example, higher than wide."""
    pixels = np.random.default_rng(7).integers(0, 256, (40, 20, 3))
    return {keys.IMAGE: [_png(pixels)], keys.HEIGHT: [40], keys.WIDTH: [20]}


def write(folder: Path, change: dict[str, Any] | None = None) -> tuple[Path, Path]:
    """The record file and the label map; `change` replaces features of the first example."""
    examples = [features(number) for number in range(3)]
    examples[0] |= change or {}
    record, label_map = folder / "full.record", folder / "full.pbtxt"
    write_records(str(record), [encode_example(example) for example in examples])
    label_map.write_text(LABEL_MAP)
    return record, label_map


def write_sequences(folder: Path, change: dict[str, Any] | None = None) -> tuple[Path, Path]:
    """Two tf.SequenceExamples of three and of one frame, in which the first frame has two boxes, the others one or none.

    `change` replaces features of the frames of the first one: key -> a list for each frame.
    """
    record, label_map = folder / "sequences.record", folder / "full.pbtxt"
    label_map.write_text(LABEL_MAP)
    sequences = []
    for number, frames in enumerate((3, 1)):
        random = np.random.default_rng(10 + number)
        boxes = [[[0.125, 0.25, 0.5, 0.75], [0.25, 0.125, 0.875, 0.5]], [[0.5, 0.5, 0.75, 1.0]], []][:frames]
        lists: dict[str, Any] = {
            keys.IMAGE: [[_png(random.integers(0, 256, (HEIGHT, WIDTH, 3)))] for _ in range(frames)],
            keys.SOURCE_ID: [[b"frame_%d_%d" % (number, frame)] for frame in range(frames)],
            keys.SEQUENCE_TEXT: [[b"/m/b", b"/m/d"], [b"/m/c"], []][:frames],
            "region/is_annotated": [[1]] * frames,
        }
        for place, key in enumerate(keys.SEQUENCE_BOX):
            lists[key] = [[float(box[place]) for box in frame] for frame in boxes]
        lists |= change or {} if number == 0 else {keys.SEQUENCE_WEIGHT: [[0.5, 2.0]]}
        context = {
            keys.FORMAT: [b"png"],
            keys.HEIGHT: [HEIGHT],
            keys.WIDTH: [WIDTH],
            keys.CONTEXT_LENGTH: [CONTEXT_LENGTH],
            keys.CONTEXT_FEATURES: _floats(random, CONTEXT_LENGTH * 3),
        }
        example = tf.train.SequenceExample(
            context=tf.train.Features(feature={key: _feature(value) for key, value in context.items()}),
            feature_lists=tf.train.FeatureLists(
                feature_list={
                    key: tf.train.FeatureList(feature=[_feature(value) for value in values])
                    for key, values in lists.items()
                }
            ),
        )
        sequences.append(example.SerializeToString())
    write_records(str(record), sequences)
    return record, label_map


def _feature(values: list[Any]) -> tf.train.Feature:
    if values and isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if values and isinstance(values[0], int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    if values:
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature()
