"""Masks: pycocotools' own, and pixels that are known."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfgtool.data import keys
from cfgtool.errors import UserError

from . import trees
from .conftest import Done

np = pytest.importorskip("numpy")
coco = pytest.importorskip("pycocotools.mask")
Image = pytest.importorskip("PIL.Image")

from cfgtool.data.importing.masks import Stencils  # noqa: E402

Run = Callable[..., Done]


def _pixels(png: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(png)))


def _masks(features: dict[str, list[Any]]) -> dict[bytes, Any]:
    """Class -> mask of the last object of that class."""
    return {text: _pixels(png) for text, png in zip(features[keys.TEXT], features[keys.MASK], strict=True)}


def _rectangle(name: str, number: int) -> Any:
    width, height = trees.SIZES[name]
    left, top, right, bottom = trees.OBJECTS[name][number][1]
    mask = np.zeros((height, width), np.uint8)
    mask[top:bottom, left:right] = 1
    return mask


def test_polygons_of_coco(run_import: Run, tmp_path: Path) -> None:
    done = run_import("coco", trees.write_coco(tmp_path / "source"), "--masks")
    assert done.status == 0, done.out
    found = _masks(trees.read_back(done.folder)["p0"])
    np.testing.assert_array_equal(found[b"cat"], _rectangle("p0", 0))
    np.testing.assert_array_equal(found[b"dog"], _rectangle("p0", 1))
    assert all(
        len(one.get(keys.MASK, [])) == len(one.get(keys.LABEL, []))
        for one in trees.read_back(done.folder).values()
    )


@pytest.mark.parametrize("compressed", [False, True])
def test_run_lengths_of_coco(compressed: bool, run_import: Run, tmp_path: Path) -> None:
    said = trees.coco_of()
    wanted = np.zeros((52, 60), np.uint8)
    wanted[3:17, 8:30:2] = 1
    flat = wanted.T.reshape(-1)
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    code: dict[str, Any] = {"size": [52, 60], "counts": counts}
    if compressed:
        code = coco.encode(np.asfortranarray(wanted))
        code = {"size": code["size"], "counts": code["counts"].decode()}
    said["annotations"][0] |= {"segmentation": code, "iscrowd": 1}  # of p5, which is 80 x 52
    said["annotations"][0]["segmentation"]["size"] = [52, 60]
    said["images"][5] |= {"width": 60}
    said["annotations"][0]["bbox"] = [8, 3, 22, 14]
    path = trees.write_coco(tmp_path / "source", said)
    (tmp_path / "source/images/p5.png").write_bytes(trees.png(60, 52))
    done = run_import("coco", path, "--masks")
    assert done.status == 0, done.out
    np.testing.assert_array_equal(_masks(trees.read_back(done.folder)["p5"])[b"bird"], wanted)


def test_polygons_are_filled_as_pycocotools_does() -> None:
    draw = random.Random(3)
    agree, pixels = 0, 0
    for _ in range(60):
        width, height = draw.randint(5, 90), draw.randint(5, 90)
        polygons = [
            [draw.uniform(-3, 3 + (width, height)[place % 2]) for place in range(2 * draw.randint(3, 9))]
            for _ in range(draw.randint(1, 3))
        ]
        wanted = coco.decode(coco.merge(coco.frPyObjects(polygons, height, width)))
        if not wanted.any():
            continue
        found = _pixels(Stencils(width, height, (width, height)).png(polygons))
        np.testing.assert_array_equal(found, wanted)
        canvas = Image.new("L", (width, height))
        from PIL import ImageDraw

        for polygon in polygons:
            ImageDraw.Draw(canvas).polygon(polygon, fill=1)
        agree += int((np.asarray(canvas) == wanted).sum())
        pixels += wanted.size
    # Pillow fills the outline too, which is why it is not the one that fills.
    assert 0.8 < agree / pixels < 0.99


def test_run_lengths_are_read_as_pycocotools_does() -> None:
    draw = np.random.default_rng(1)
    for _ in range(40):
        height, width = draw.integers(1, 70, 2).tolist()
        wanted = (draw.random((height, width)) < draw.random()).astype(np.uint8)
        wanted[0, 0] = 1
        code = coco.encode(np.asfortranarray(wanted))
        said = {"size": [height, width], "counts": code["counts"].decode()}
        np.testing.assert_array_equal(_pixels(Stencils(width, height, (width, height)).png(said)), wanted)


def test_yolo_polygons(run_import: Run, tmp_path: Path) -> None:
    root = trees.write_yolo(tmp_path / "source")
    for path in (root / "labels").glob("*.txt"):
        lines = []
        for name, corners in trees.OBJECTS[path.stem]:
            left, right = (corners[place] / trees.SIZES[path.stem][0] for place in (0, 2))
            top, bottom = (corners[place] / trees.SIZES[path.stem][1] for place in (1, 3))
            lines.append(
                f"{trees.CLASSES.index(name)} {left} {top} {right} {top} {right} {bottom} {left} {bottom}\n"
            )
        path.write_text("".join(lines))
    done = run_import("yolo", root, "--masks")
    assert done.status == 0, done.out
    features = trees.read_back(done.folder)["p0"]
    np.testing.assert_array_equal(_masks(features)[b"cat"], _rectangle("p0", 0))
    assert [value * 40 for value in features[keys.XMAX]] == pytest.approx([20, 40])


def test_voc_segmentation_objects(run_import: Run, tmp_path: Path) -> None:
    root = trees.write_voc(tmp_path / "source")
    (root / "SegmentationObject").mkdir()
    for name, objects in trees.OBJECTS.items():
        width, height = trees.SIZES[name]
        numbers = np.full((height, width), 0, np.uint8)
        numbers[0, :] = 255
        for number, (_, (left, top, right, bottom)) in enumerate(objects, 1):
            numbers[top:bottom, left:right] = number
        (root / "SegmentationObject" / f"{name}.png").write_bytes(trees.numbers_png(numbers.tolist()))
    done = run_import("voc", root, "--masks")
    assert done.status == 0, done.out
    found = _masks(trees.read_back(done.folder)["p0"])
    np.testing.assert_array_equal(found[b"dog"], _rectangle("p0", 1))
    hidden = _rectangle("p0", 0)
    hidden[6:30, 10:20] = 0  # the dog lies over the cat
    np.testing.assert_array_equal(found[b"cat"], hidden)
    (root / "SegmentationObject" / "p0.png").unlink()
    refused = run_import("voc", root, "--masks", folder=tmp_path / "other")
    assert "object 1 of 'p0.png': has no picture in SegmentationObject [mask-missing]" in refused.out


@pytest.mark.parametrize(
    ("outline", "message"),
    [
        (None, "has no outline"),
        ([], "has no outline"),
        ("x", "kind that is not known"),
        ([[1, 2, 3, 4]], "at least three corners"),
        ([[1, 2, 3, 4, 5, 6, 7]], "at least three corners"),
        ([[1, 2, 3, 4, 5, "6"]], "'6', not a number"),
        ([[1, 2, 3, 4, 5, float("inf")]], "inf, not a number"),
        ([[1, 2, 3, 4, 5, 1e9]], "far outside the picture"),
        ([[1, 1, 1, 1, 1, 1]], "without a pixel"),
        ({"size": [8, 9], "counts": [80]}, "mask of size [8, 9]"),
        ({"size": [8, 10], "counts": [40, 41]}, "does not fill 10 x 8 pixels"),
        ({"size": [8, 10], "counts": [90, -10]}, "does not fill"),
        ({"size": [8, 10], "counts": None}, "does not fill"),
        ({"size": [8, 10], "counts": "`"}, "is cut off"),
        ({"size": [8, 10], "counts": "\u00ff"}, "run-length code with"),
        ({"size": [8, 10], "counts": "0" * 90}, "does not fill"),
        ({"size": [8, 10], "counts": [80]}, "without a pixel"),
        (1, "has no picture in SegmentationObject"),
    ],
)
def test_outlines_that_cannot_be_filled(outline: Any, message: str) -> None:
    with pytest.raises(UserError) as caught:
        Stencils(10, 8, (10, 8)).png(outline)
    assert message in str(caught.value)


def test_a_flaw_of_an_outline(run_import: Run, tmp_path: Path) -> None:
    said = trees.coco_of()
    said["annotations"][0]["segmentation"] = [[1, 2]]
    said["annotations"][1]["segmentation"] = []
    source = trees.write_coco(tmp_path / "source", said)
    refused = run_import("coco", source, "--masks")
    assert "[mask-malformed]" in refused.out
    assert "[mask-missing]" in refused.out
    done = run_import("coco", source, "--masks", "--repair")
    assert "repaired: 1 mask-malformed: object dropped" in done.out
    assert not trees.read_back(done.folder)["p5"].get(keys.LABEL)
    assert run_import("coco", source, "--no-masks", folder=tmp_path / "other").status == 0
