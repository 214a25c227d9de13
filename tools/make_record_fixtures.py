"""Write the records that the examples of lint's rules read: `python -m tools.make_record_fixtures`.

A few records each under `fixtures/records`, of drawn cats and dogs that are plain rectangles: a sound data set for
training and one for evaluation, and sets with one flaw each.
"""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path
from typing import Any

from cfgtool.data import keys
from cfgtool.data.example import encode_example
from cfgtool.data.tfrecord import frame

ROOT = Path(__file__).resolve().parents[1] / "fixtures" / "records"
LABEL_MAP = "item {\n  id: 1\n  name: 'cat'\n}\n\nitem {\n  id: 2\n  name: 'dog'\n}\n"
HEIGHT, WIDTH = 120, 160
CAT, DOG = (0.1, 0.1, 0.6, 0.45), (0.25, 0.5, 0.95, 0.95)
WEBP = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f" + bytes(12)

Features = dict[str, list[Any]]
Box = tuple[float, float, float, float]


def png(number: int, height: int, width: int, channels: int = 3) -> bytes:
    """A picture of stripes, another one for each number."""
    colours = [
        bytes((40 * number + 30 * stripe + 60 * c) % 256 for c in range(channels)) for stripe in range(4)
    ]
    row = b"\0" + b"".join(colours[x * 4 // width] for x in range(width))
    head = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(row * height, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in parts)


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def features(
    number: int,
    boxes: tuple[Box, ...] = (CAT, DOG),
    size: tuple[int, int] = (HEIGHT, WIDTH),
    channels: int = 3,
    **changes: list[Any],
) -> Features:
    """A sound example of cats and dogs in turn; `changes` replace its lists, named by the end of their key."""
    height, width = size
    labels = [1 + index % 2 for index in range(len(boxes))]
    made: Features = {
        keys.IMAGE: [png(number, height, width, channels)],
        keys.FORMAT: [b"png"],
        keys.HEIGHT: [height],
        keys.WIDTH: [width],
        keys.SOURCE_ID: [f"{number:03d}"],
        keys.LABEL: labels,
        keys.TEXT: [("cat", "dog")[label - 1] for label in labels],
    } | {key: [box[corner] for box in boxes] for corner, key in enumerate(keys.BOX)}
    names = {key.rpartition("/")[2]: key for key in (*made, keys.MASK)}
    for name, values in changes.items():
        made[names[name]] = values
    return {key: values for key, values in made.items() if values}


def grid(count: int, side: float) -> tuple[Box, ...]:
    """`count` square boxes of that height in rows of twelve."""
    shape = HEIGHT / WIDTH * side
    corners = [(0.02 + 0.08 * (index // 12), 0.02 + 0.08 * (index % 12)) for index in range(count)]
    return tuple((y, x, y + side, x + shape) for y, x in corners)


def sets() -> dict[str, list[Features]]:
    """Name -> the examples of each file."""
    pair = {number: features(number) for number in range(12)}
    large = (900, 1200)
    small: tuple[Box, ...] = tuple(
        (y / 8, x / 6, y / 8 + 0.04, x / 6 + 0.04) for y in range(2) for x in range(4)
    )
    return {
        "sound.record": [pair[0], pair[1], pair[2], pair[3]],
        "sound_val.record": [pair[4], pair[5]],
        "shared.record": [pair[3], pair[6]],
        "shards.record-00000-of-00003": [pair[0]],
        "shards.record-00001-of-00003": [pair[1]],
        "pair.record-00000-of-00002": [pair[0]],
        "pair.record-00001-of-00002": [pair[1]],
        "turned_over.record": [pair[0], features(1, (CAT, (0.95, 0.5, 0.25, 0.95)))],
        "pixels.record": [pair[0], features(1, (CAT, (30.0, 80.0, 114.0, 152.0)))],
        "webp.record": [pair[0], features(1, encoded=[WEBP], format=["webp"])],
        "transparent.record": [pair[0], features(1, channels=4)],
        "incomplete.record": [pair[0], features(1, label=[], text=[], source_id=[])],
        "uneven.record": [pair[0], features(1, label=[1], text=["cat"])],
        "other_ids.record": [pair[0], features(1, label=[1, 5], text=[])],
        "capitals.record": [pair[0], features(1, text=["Cat", "dog"])],
        "contradicting.record": [pair[0], features(1, label=[2, 1])],
        "crowded.record": [pair[0], features(1, grid(120, 0.06), label=[1] * 120, text=["cat"] * 120)],
        "masks.record": [
            features(n, mask=[png(n, HEIGHT, WIDTH, 1), png(n + 1, HEIGHT, WIDTH, 1)]) for n in (0, 1)
        ],
        "boxless.record": [features(0, ()), features(1, ())],
        "with_background.record": [pair[0], pair[1], pair[2], features(3, ())],
        "resized_later.record": [pair[0], features(1, height=[480], width=[640])],
        "only_cats.record": [features(0, (CAT,)), features(1, (CAT,))],
        "small_boxes.record": [features(n, small) for n in (0, 1)],
        "large_only.record": [features(n, (CAT, DOG), large) for n in (0, 1)],
        "all_sizes.record": [
            features(7, (CAT, DOG, (0.1, 0.6, 0.3, 0.7)), large),
            features(8, (CAT, DOG)),
            features(9, ((0.1, 0.1, 0.3, 0.3), (0.5, 0.5, 0.7, 0.7))),
        ],
    }


def files() -> dict[str, bytes]:
    """Name -> content of every file."""
    made = {
        name: b"".join(frame(encode_example(one)) for one in examples) for name, examples in sets().items()
    }
    made["cut_off.record"] = made["sound.record"][:-100]
    made["empty.record"] = b""
    made["animals.pbtxt"] = LABEL_MAP.encode()
    return made


def main() -> int:
    """Write every file."""
    ROOT.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (ROOT / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
