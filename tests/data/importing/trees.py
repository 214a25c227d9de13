"""Small data sets of the same pictures in every format, written as their tools write them."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

from cfgtool.data.example import decode_example
from cfgtool.data.tfrecord import read_records

Corners = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels: edges, so that the width is right - left."""

CLASSES = ("cat", "dog", "bird")
SIZES = {f"p{number}": (40 + 8 * number, 32 + 4 * number) for number in range(6)}
OBJECTS: dict[str, list[tuple[str, Corners]]] = {
    "p0": [("cat", (4, 2, 20, 30)), ("dog", (10, 6, 40, 32))],
    "p1": [("bird", (0, 0, 9, 7))],
    "p2": [],
    "p3": [("dog", (1, 1, 63, 43)), ("dog", (5, 7, 15, 27)), ("cat", (30, 10, 31, 12))],
    "p4": [("cat", (8, 8, 72, 48))],
    "p5": [("bird", (20, 30, 50, 52))],
}
"""Picture -> its objects; every side is at least a pixel, and one is exactly that."""


def png(
    width: int, height: int, *, colour: int = 2, bits: int = 8, seed: int = 0, palette: bytes = b""
) -> bytes:
    """A picture in one colour; `colour` is the colour type of PNG."""
    channels = {0: 1, 2: 3, 3: 1, 6: 4}[colour]
    pixel = bytes((seed * 37 + 11 * place) % 256 for place in range(channels * bits // 8))
    rows = (b"\0" + pixel * width) * height
    return _png_of(width, height, bits, colour, rows, palette)


def numbers_png(numbers: list[list[int]]) -> bytes:
    """A picture of numbers with a palette, as in SegmentationObject."""
    rows = b"".join(b"\0" + bytes(row) for row in numbers)
    palette = bytes(value for number in range(256) for value in (number, number // 2, 255 - number))
    return _png_of(len(numbers[0]), len(numbers), 8, 3, rows, palette)


def _png_of(width: int, height: int, bits: int, colour: int, rows: bytes, palette: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
        if data or kind == b"IEND"
    )


def write_pictures(folder: Path, names: list[str] | None = None) -> None:
    """The pictures of `SIZES`, or some of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, (width, height)) in enumerate(SIZES.items()):
        if names is None or name in names:
            (folder / f"{name}.png").write_bytes(png(width, height, seed=number))


def coco_of(names: list[str] | None = None) -> dict[str, Any]:
    """The JSON of COCO; ids of categories are sparse, and annotations in another order than pictures."""
    chosen = [name for name in SIZES if names is None or name in names]
    images = [
        {"id": 100 + place, "file_name": f"{name}.png", "width": SIZES[name][0], "height": SIZES[name][1]}
        for place, name in enumerate(chosen)
    ]
    annotations = []
    for place, name in enumerate(chosen):
        for class_name, (left, top, right, bottom) in OBJECTS[name]:
            width, height = right - left, bottom - top
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": 100 + place,
                    "category_id": 10 * (CLASSES.index(class_name) + 1),
                    "bbox": [left, top, width, height],
                    "area": width * height,
                    "iscrowd": 0,
                    "segmentation": [[left, top, right, top, right, bottom, left, bottom]],
                }
            )
    categories = [{"id": 10 * number, "name": name} for number, name in enumerate(CLASSES, 1)]
    return {"info": {}, "annotations": annotations[::-1], "images": images, "categories": categories}


def write_coco(root: Path, said: dict[str, Any] | None = None) -> Path:
    """A folder with pictures and `instances.json`, whose path is returned."""
    write_pictures(root / "images")
    path = root / "instances.json"
    path.write_text(json.dumps(said if said is not None else coco_of()))
    return path


def voc_xml(name: str, objects: list[tuple[str, Corners]], size: tuple[int, int], ending: str = "png") -> str:
    """The annotation of a picture: first and last pixel inside, from 1."""
    blocks = "".join(
        f"<object><name>{class_name}</name><pose>Left</pose><truncated>{number % 2}</truncated>"
        f"<difficult>{int(number == 0)}</difficult><bndbox><xmin>{left + 1}</xmin><ymin>{top + 1}</ymin>"
        f"<xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>\n"
        for number, (class_name, (left, top, right, bottom)) in enumerate(objects)
    )
    return (
        f"<annotation>\n<filename>{name}.{ending}</filename>\n<size><width>{size[0]}</width>"
        f"<height>{size[1]}</height><depth>3</depth></size>\n{blocks}</annotation>\n"
    )


def write_voc(root: Path, *, lists: bool = False) -> Path:
    """JPEGImages, Annotations and, with `lists`, ImageSets; returns the root."""
    write_pictures(root / "JPEGImages")
    (root / "Annotations").mkdir()
    for name, objects in OBJECTS.items():
        (root / "Annotations" / f"{name}.xml").write_text(voc_xml(name, objects, SIZES[name]))
    if lists:
        sets = root / "ImageSets" / "Main"
        sets.mkdir(parents=True)
        (sets / "train.txt").write_text("p0\np1\np2\n")
        (sets / "val.txt").write_text("p3\np4\n")
    return root


def yolo_line(class_name: str, corners: Corners, size: tuple[int, int]) -> str:
    left, top, right, bottom = corners
    values = (
        (left + right) / 2 / size[0],
        (top + bottom) / 2 / size[1],
        (right - left) / size[0],
        (bottom - top) / size[1],
    )
    return " ".join([str(CLASSES.index(class_name)), *(repr(value) for value in values)])


def write_yolo(root: Path, *, splits: bool = False) -> Path:
    """images/, labels/ and data.yaml; with `splits` folders of train and val in both. Returns the root."""
    for number, name in enumerate(SIZES):
        inner = ("train", "val")[number % 2] if splits else "."
        write_pictures(root / "images" / inner, [name])
        (root / "labels" / inner).mkdir(parents=True, exist_ok=True)
        if OBJECTS[name]:
            lines = [yolo_line(class_name, corners, SIZES[name]) for class_name, corners in OBJECTS[name]]
            (root / "labels" / inner / f"{name}.txt").write_text("\n".join(lines) + "\n")
    places = "train: images/train\nval: images/val\n" if splits else "train: images\n"
    (root / "data.yaml").write_text(f"path: /nowhere/at/all\n{places}nc: 3\nnames: [cat, dog, bird]\n")
    return root


def write_csv(root: Path, *, delimiter: str = ",") -> Path:
    """The tutorials' columns; returns the path of the file."""
    write_pictures(root / "images")
    rows = [["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"]]
    for name, objects in OBJECTS.items():
        size = [str(side) for side in SIZES[name]]
        rows += [[f"{name}.png", *size, one, *map(str, corners)] for one, corners in objects]
        if not objects:
            rows.append([f"{name}.png", *size, "", "", "", "", ""])
    path = root / "labels.csv"
    path.write_text("\n".join(delimiter.join(row) for row in rows) + "\n")
    return path


def write_open_images(root: Path) -> Path:
    """The columns of Open Images; returns the path of the file."""
    write_pictures(root / "images")
    names = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside"
    lines = [names]
    for name, objects in OBJECTS.items():
        width, height = SIZES[name]
        for class_name, (left, top, right, bottom) in objects:
            numbers = ",".join(
                repr(value) for value in (left / width, right / width, top / height, bottom / height)
            )
            lines.append(f"{name},xclick,/m/0{class_name},1,{numbers},1,0,-1,0,0")
    path = root / "train-annotations-bbox.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def read_back(folder: Path, split: str = "*") -> dict[str, dict[str, list[Any]]]:
    """File name without ending -> features of its record."""
    found = {}
    for path in sorted(folder.glob(f"{split}-*.record")):
        for data in read_records(str(path)):
            features: dict[str, list[Any]] = {
                key: list(values) for key, values in decode_example(data).items()
            }
            found[Path(features["image/filename"][0].decode()).stem] = features
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
