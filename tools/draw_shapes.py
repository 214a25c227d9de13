"""Draw a small detection data set: circles, squares, triangles and stars on textured backgrounds.

    python -m tools.draw_shapes fixtures/shapes

writes `shapes_train.record`, `shapes_val.record`, `shapes_label_map.pbtxt` and `keypoint_label_map.pbtxt`.
Each picture depends only on the seed, its split and its number; its JPEG bytes also on the release of Pillow
(extra `train`).

Objects have a mask (PNG, 1 where they can be seen), their area in pixels, and the keypoints of `KEYPOINTS`.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw

from cfgtool.data import keys
from cfgtool.data.example import encode_example
from cfgtool.data.tfrecord import write_records
from cfgtool.files import atomic_write

Point = tuple[float, float]
Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]

CLASSES = ("circle", "square", "triangle", "star")
"""Class names in the order of their ids, which start at 1."""

KEYPOINTS = ("centre", "top", "upper_right", "lower_right", "lower_left", "upper_left")
"""Keypoints in the order of their ids, which start at 0; a star has all of them, other shapes some."""

_ABSENT, _HIDDEN, _VISIBLE = 0, 1, 2
JPEG_QUALITY = 80
MAX_OBJECTS = 4
_SIDES = (0.3, 0.62)
_MAX_OVERLAP = 0.08
_MIN_CONTRAST = 110.0
_TRIES = 40


@dataclass(frozen=True)
class Drawn:
    """One object: its class, tight box (left, top, right, bottom) in pixels, mask and keypoints.

    `mask` is of the size of the picture, 255 where the object can be seen; the box is that of the whole shape.
    `keypoints` are x, y in pixels from the upper left corner of the picture, by name; they may lie outside.
    """

    name: str
    box: Box
    mask: Image.Image
    keypoints: dict[str, Point]


def main() -> None:
    """Draw the data set into the folder that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--train", type=int, default=320, help="training pictures")
    parser.add_argument("--val", type=int, default=40, help="validation pictures")
    parser.add_argument("--size", type=int, default=128, help="side of a picture in pixels")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for split, count in (("train", arguments.train), ("val", arguments.val)):
        path = arguments.folder / f"shapes_{split}.record"
        write_records(str(path), examples(split, count, arguments.size, arguments.seed))
        print(f"{path}: {count} pictures, {path.stat().st_size} bytes")
    atomic_write(str(arguments.folder / "shapes_label_map.pbtxt"), label_map().encode())
    atomic_write(str(arguments.folder / "keypoint_label_map.pbtxt"), keypoint_label_map().encode())


def label_map() -> str:
    """The text of the label map."""
    return (
        "\n".join(f"item {{\n  id: {id_}\n  name: '{name}'\n}}" for id_, name in enumerate(CLASSES, 1)) + "\n"
    )


def keypoint_label_map() -> str:
    """The text of the label map that names the keypoints of a star; an id may be that of one class only."""
    points = "".join(
        f"  keypoints {{\n    id: {id_}\n    label: '{label}'\n  }}\n" for id_, label in enumerate(KEYPOINTS)
    )
    return f"item {{\n  id: {CLASSES.index('star') + 1}\n  name: 'star'\n{points}}}\n"


def examples(split: str, count: int, size: int, seed: int) -> Iterator[bytes]:
    """The serialised tf.Examples of one split."""
    for number in range(count):
        image, objects = draw(random.Random(f"{seed}/{split}/{number}"), size)
        yield _example(f"{split}_{number:05d}", image, objects)


def draw(rng: random.Random, size: int) -> tuple[Image.Image, list[Drawn]]:
    """One picture, `size` x `size`, and its objects, later ones in front of earlier ones."""
    image = _background(rng, size)
    objects: list[Drawn] = []
    for _ in range(rng.randint(1, MAX_OBJECTS)):
        name = rng.choice(CLASSES)
        placed = _place(rng, name, size, [drawn.box for drawn in objects])
        if placed is None:
            continue
        colour = _contrasting(rng, image.crop(placed.box))
        image.paste(_shaded(rng, colour, size), (0, 0), placed.mask)
        objects = [_behind(drawn, placed.mask) for drawn in objects] + [placed]
    return image, objects


def _behind(drawn: Drawn, front: Image.Image) -> Drawn:
    """The object without the pixels of its mask that `front` covers."""
    return Drawn(drawn.name, drawn.box, ImageChops.subtract(drawn.mask, front), drawn.keypoints)


def _background(rng: random.Random, size: int) -> Image.Image:
    """Coarse colour clouds under finer grain."""
    image = _noise(rng, rng.choice((2, 3, 4)), size)
    for cells, weight in ((size // 8, 0.2), (size // 2, 0.08)):
        image = Image.blend(image, _noise(rng, cells, size), weight)
    return image


def _noise(rng: random.Random, cells: int, size: int) -> Image.Image:
    small = Image.frombytes("RGB", (cells, cells), rng.randbytes(3 * cells * cells))
    return small.resize((size, size), Image.Resampling.BICUBIC)


def _shaded(rng: random.Random, colour: Colour, size: int) -> Image.Image:
    """A plain colour with a little texture, so that objects are not flat."""
    return Image.blend(Image.new("RGB", (size, size), colour), _noise(rng, size // 4, size), 0.1)


def _contrasting(rng: random.Random, under: Image.Image) -> Colour:
    """A random colour that stands out from the mean of what it will cover."""
    pixel = under.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(pixel, tuple)
    while True:
        colour = (rng.randrange(256), rng.randrange(256), rng.randrange(256))
        if math.dist(colour, pixel) >= _MIN_CONTRAST:
            return colour


def _place(rng: random.Random, name: str, size: int, taken: list[Box]) -> Drawn | None:
    """The shape at a free place, None if none was found."""
    for _ in range(_TRIES):
        side = rng.uniform(*_SIDES) * size
        left, top = (rng.uniform(0, size - side) for _ in range(2))
        angle = math.radians(rng.uniform(-20, 20))
        mask = Image.new("L", (size, size))
        painter = ImageDraw.Draw(mask)
        middle = (left + side / 2, top + side / 2)
        corners = [_turned(point, angle, side / 2, middle) for point in _OUTLINES[name]]
        if corners:
            painter.polygon(corners, fill=255)
        else:
            painter.ellipse((left, top, left + side, top + side), fill=255)
        box = mask.getbbox()
        if box is not None and all(_overlap(box, other) <= _MAX_OVERLAP for other in taken):
            places = {"centre": middle, **dict(zip(_NAMED[name], corners[:: _EVERY[name]], strict=True))}
            # A painter's coordinates are those of the middles of pixels.
            return Drawn(name, box, mask, {key: (x + 0.5, y + 0.5) for key, (x, y) in places.items()})
    return None


def _turned(point: Point, angle: float, scale: float, middle: Point) -> Point:
    x, y = point
    cosine, sine = math.cos(angle), math.sin(angle)
    return middle[0] + scale * (x * cosine - y * sine), middle[1] + scale * (x * sine + y * cosine)


def _regular(corners: int, inner: float | None = None) -> list[Point]:
    """A regular polygon in the unit circle, one corner up; with `inner` a star with that inner radius."""
    steps = corners if inner is None else 2 * corners
    points = []
    for step in range(steps):
        radius = 1.0 if inner is None or step % 2 == 0 else inner
        turn = 2 * math.pi * step / steps
        points.append((radius * math.sin(turn), -radius * math.cos(turn)))
    return points


def _square() -> list[Point]:
    half = 0.8
    return [(-half, -half), (half, -half), (half, half), (-half, half)]


_OUTLINES: dict[str, list[Point]] = {
    "circle": [],
    "square": _square(),
    "triangle": _regular(3),
    "star": _regular(5, inner=0.45),
}
"""Corners in a circle of radius 1; none for the circle."""

_NAMED: dict[str, tuple[str, ...]] = {
    "circle": (),
    "square": ("upper_left", "upper_right", "lower_right", "lower_left"),
    "triangle": ("top", "lower_right", "lower_left"),
    "star": KEYPOINTS[1:],
}
_EVERY = {"circle": 1, "square": 1, "triangle": 1, "star": 2}
"""Which corners are keypoints, under which names: every one, or the outer ones."""


def _overlap(one: Box, other: Box) -> float:
    """The covered share of the smaller box."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / min(_area(one), _area(other))


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _example(name: str, image: Image.Image, objects: list[Drawn]) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    encoded = buffer.getvalue()
    width, height = image.size
    points = [_keypoint(drawn, label) for drawn in objects for label in KEYPOINTS]
    return encode_example(
        {
            keys.IMAGE: [encoded],
            keys.FORMAT: [b"jpeg"],
            keys.HEIGHT: [height],
            keys.WIDTH: [width],
            keys.FILENAME: [f"{name}.jpg"],
            keys.SOURCE_ID: [name],
            keys.HASH: [hashlib.sha256(encoded).hexdigest()],
            keys.YMIN: [drawn.box[1] / height for drawn in objects],
            keys.XMIN: [drawn.box[0] / width for drawn in objects],
            keys.YMAX: [drawn.box[3] / height for drawn in objects],
            keys.XMAX: [drawn.box[2] / width for drawn in objects],
            keys.LABEL: [CLASSES.index(drawn.name) + 1 for drawn in objects],
            keys.TEXT: [drawn.name for drawn in objects],
            keys.AREA: [float(drawn.mask.histogram()[255]) for drawn in objects],
            keys.MASK: [_png(drawn.mask) for drawn in objects],
            keys.KEYPOINT_Y: [y / height for _, y, _ in points],
            keys.KEYPOINT_X: [x / width for x, _, _ in points],
            keys.KEYPOINT_VISIBILITY: [visibility for _, _, visibility in points],
            keys.KEYPOINT_TEXT: [*KEYPOINTS] * len(objects),
            keys.KEYPOINT_NUM: [
                sum(_keypoint(drawn, label)[2] > _ABSENT for label in KEYPOINTS) for drawn in objects
            ],
        }
    )


def _keypoint(drawn: Drawn, label: str) -> tuple[float, float, int]:
    """x and y in pixels, and COCO's visibility: 0 without a place, 1 behind another object, 2 to be seen."""
    if label not in drawn.keypoints:
        return 0.0, 0.0, _ABSENT
    x, y = drawn.keypoints[label]
    width, height = drawn.mask.size
    if not (0 <= x < width and 0 <= y < height):
        return 0.0, 0.0, _ABSENT
    # A tip ends between pixels: those around it count as its own.
    around = drawn.mask.crop((int(x) - 1, int(y) - 1, int(x) + 2, int(y) + 2))
    return x, y, _VISIBLE if around.getbbox() else _HIDDEN


def _png(mask: Image.Image) -> bytes:
    buffer = io.BytesIO()
    mask.convert("1", dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
