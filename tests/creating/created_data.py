"""Small data sets for new configs, written without TensorFlow."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

from cfgtool.data.example import encode_example
from cfgtool.data.tfrecord import write_records

REFERENCE = Path(os.environ.get("CFGTOOL_REFERENCE", Path(__file__).parents[3] / "shared"))

LABEL_MAP = """
item { id: 1 name: "person"
  keypoints { id: 0 label: "nose" } keypoints { id: 1 label: "left_eye" } keypoints { id: 2 label: "right_eye" } }
item { id: 2 name: "dog" display_name: "a dog" }
"""
PLAIN_LABEL_MAP = 'item { id: 1 name: "person" }\nitem { id: 2 name: "dog" }\n'


def png(height: int, width: int, seed: int = 0) -> bytes:
    """A grey picture in three channels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes([(seed + row) % 256]) * 3 * width for row in range(height))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


# As of COCO, small, medium and large.
SIDES = (31, 60, 160)


def example(
    number: int,
    size: tuple[int, int] = (240, 320),
    *,
    boxes: int = 6,
    masks: str = "",
    keypoints: int = 0,
) -> bytes:
    """One example: boxes of three sizes, of classes 1 and 2 in turn."""
    height, width = size
    sides = [SIDES[index % 3] for index in range(boxes)]
    features: dict[str, list] = {
        "image/encoded": [png(height, width, number)],
        "image/format": [b"png"],
        "image/height": [height],
        "image/width": [width],
        "image/filename": [f"{number}.png"],
        "image/source_id": [str(number)],
        "image/object/bbox/ymin": [0.1] * boxes,
        "image/object/bbox/xmin": [0.1] * boxes,
        "image/object/bbox/ymax": [min(1.0, 0.1 + side / height) for side in sides],
        "image/object/bbox/xmax": [min(1.0, 0.1 + side / width) for side in sides],
        "image/object/class/label": [1 + index % 2 for index in range(boxes)],
        "image/object/class/text": [("person", "dog")[index % 2] for index in range(boxes)],
    }
    if masks == "png":
        features["image/object/mask"] = [png(height, width)] * boxes
    elif masks:
        features["image/object/mask"] = [0.0] * (height * width * boxes)
    if keypoints:
        features["image/object/keypoint/x"] = [0.2] * (keypoints * boxes)
        features["image/object/keypoint/y"] = [0.2] * (keypoints * boxes)
        features["image/object/keypoint/visibility"] = [2] * (keypoints * boxes)
    return encode_example(features)


def write_data(
    folder: Path,
    *,
    train: int = 24,
    val: int = 6,
    label_map: str = PLAIN_LABEL_MAP,
    **kinds: object,
) -> Path:
    """A folder as `cfgtool data import` leaves one: records of training and evaluation, and a label map."""
    folder.mkdir(parents=True, exist_ok=True)
    write_records(str(folder / "train.record"), [example(number, **kinds) for number in range(train)])
    if val:
        examples = [example(1000 + number, **kinds) for number in range(val)]
        write_records(str(folder / "val.record"), examples)
    (folder / "label_map.pbtxt").write_text(label_map)
    return folder
