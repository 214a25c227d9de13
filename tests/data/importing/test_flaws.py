"""What is wrong with a source: refused with its place and the way out, mended with --repair, left out with --skip-bad."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfgtool.data import keys

from . import trees
from .conftest import Done

Run = Callable[..., Done]
Said = dict[str, Any]


def _annotation(said: Said, picture: str, number: int = 0) -> Said:
    """An annotation of a picture, in the order in which its objects are listed."""
    id_ = next(image["id"] for image in said["images"] if image["file_name"] == f"{picture}.png")
    of_it: list[Said] = [one for one in said["annotations"] if one["image_id"] == id_]
    return sorted(of_it, key=lambda one: one["id"])[number]


def _spoil_box(box: list[Any]) -> Callable[[Said], None]:
    return lambda said: _annotation(said, "p0").update(bbox=box)


def _twice(said: Said) -> None:
    said["annotations"].append(dict(_annotation(said, "p0"), id=99))


# p0 is 40 x 32 and has two objects; the first one, a cat, is spoilt. What --repair leaves of its box is in pixels.
BOXES: list[tuple[Callable[[Said], None], str, tuple[float, ...] | None]] = [
    (_spoil_box([30, 10, 20, 10]), "box-over-edge", (30, 10, 40, 20)),
    (_spoil_box([-5, -6, 20, 20]), "box-over-edge", (0, 0, 15, 14)),
    (_spoil_box([30, 10, -20, 10]), "box-inverted", (10, 10, 30, 20)),
    (_spoil_box([50, 10, 20, 10]), "box-outside", None),
    (_spoil_box([5, 10, 0, 10]), "box-empty", None),
    (_spoil_box([5, 10, 0.5, 10]), "box-tiny", None),
    (_spoil_box([5, 10, float("nan"), 10]), "box-not-finite", None),
    (_spoil_box(["x", 10, 5, 5]), "annotation-malformed", None),
    (_spoil_box([5, 10]), "annotation-malformed", None),
    (lambda said: _annotation(said, "p0").update(category_id=77), "class-unknown", None),
    (lambda said: _annotation(said, "p0").update(iscrowd=5), "annotation-malformed", None),
    (_twice, "box-duplicate", (4, 2, 20, 30)),
]


@pytest.mark.parametrize(("spoil", "code", "left"), BOXES)
def test_a_flaw_of_a_box(
    spoil: Callable[[Said], None],
    code: str,
    left: tuple[float, ...] | None,
    run_import: Run,
    tmp_path: Path,
) -> None:
    said = trees.coco_of()
    spoil(said)
    source = trees.write_coco(tmp_path / "source", said)
    refused = run_import("coco", source)
    assert (refused.status, refused.folder.exists()) == (1, False)
    first, way = refused.out.splitlines()
    assert first.startswith(f"{source}: annotation ")
    assert "of 'p0.png'" in first
    assert first.endswith(f"[{code}]")
    assert "--repair: " in way
    assert "nothing is written: 1 problem\n" in refused.err

    done = run_import("coco", source, "--repair", folder=tmp_path / "repaired")
    assert done.status == 0
    features = trees.read_back(done.folder)["p0"]
    boxes = list(zip(*(features[key] for key in keys.BOX), strict=True))
    cats = [box for box, text in zip(boxes, features[keys.TEXT], strict=True) if text == b"cat"]
    found = [(xmin * 40, ymin * 32, xmax * 40, ymax * 32) for ymin, xmin, ymax, xmax in cats]
    assert found == ([pytest.approx(left)] if left else [])
    report = json.loads((done.folder / "import.json").read_text())
    assert report["repaired"]["counts"] == {code: 1}
    assert report["repaired"]["flaws"][0]["repair"]

    skipped = run_import("coco", source, "--skip-bad", folder=tmp_path / "skipped")
    assert skipped.status == 0
    assert set(trees.read_back(skipped.folder)) == set(trees.SIZES) - {"p0"}
    report = json.loads((skipped.folder / "import.json").read_text())
    assert (report["pictures_left_out"], report["left_out"]["counts"]) == (["p0.png"], {code: 1})


def test_one_pixel_over_the_edge_is_rounding(run_import: Run, tmp_path: Path) -> None:
    said = trees.coco_of()
    _annotation(said, "p0")["bbox"] = [-1, 2, 21, 31]
    done = run_import("coco", trees.write_coco(tmp_path / "source", said))
    assert "cut by at most a pixel at the edge: boxes 1" in done.out
    features = trees.read_back(done.folder)["p0"]
    assert (features[keys.XMIN][-1], features[keys.YMAX][-1]) == (0.0, 1.0)


def test_all_problems_are_in_one_report(run_import: Run, tmp_path: Path) -> None:
    said = trees.coco_of()
    for number, annotation in enumerate(said["annotations"]):
        annotation["bbox"] = [500, 500, 5, 5] if number else [3, 3, 0, 5]
    said["annotations"].append(dict(said["annotations"][0], id=50, image_id=4711))
    said["images"].append(dict(said["images"][0], id=200))
    source = trees.write_coco(tmp_path / "source", said)
    (source.parent / "images" / "p5.png").unlink()
    done = run_import("coco", source)
    lines = done.out.splitlines()
    assert done.status == 1
    assert "annotation 50" not in done.out
    assert any(
        "1 annotation of image id 4711, which is not listed [annotation-of-no-picture]" in line
        for line in lines
    )
    assert any("'p0.png' is listed with the ids 100 and 200 [picture-duplicate]" in line for line in lines)
    assert any(line.startswith("... 2 more of box-outside") for line in lines)
    assert any(line.endswith("p5.png: no such picture [picture-missing]") for line in lines)
    assert "way out: --images DIR says where pictures are; --skip-bad leaves such pictures out" in done.out
    assert "11 problems" in done.err
    # What cannot be mended still stops the import.
    again = run_import("coco", source, "--repair")
    assert (again.status, again.folder.exists()) == (1, False)
    assert "box-outside" not in again.out
    both = run_import("coco", source, "--repair", "--skip-bad")
    assert set(trees.read_back(both.folder)) == set(trees.SIZES) - {"p5"}


def test_lines_are_told(run_import: Run, tmp_path: Path) -> None:
    root = trees.write_yolo(tmp_path / "source")
    (root / "labels" / "p0.txt").write_text(
        "0 0.5 0.5 0.2 0.2\n\n7 0.5 0.5 0.2 0.2\n0 x 0.5 1 1\n1 2 3\n0 1 1 1 1 0.9\n"
    )
    done = run_import("yolo", root)
    path = root / "labels" / "p0.txt"
    assert f"{path}:3: the box of 'p0.png': class 7 is not known [class-unknown]" in done.out
    assert f"{path}:4: 'x' is not a number [annotation-malformed]" in done.out
    assert f"{path}:5: has 3 values, not 5 (a box) or 7, 9, ... (a polygon)" in done.out
    assert f"{path}:6: has 6 values: is it a detection with its score" in done.out


def test_pixels_in_yolo(run_import: Run, tmp_path: Path) -> None:
    root = trees.write_yolo(tmp_path / "source")
    (root / "labels" / "p0.txt").write_text("0 20 16 10 10\n")
    assert "lies outside the picture: are these pixels?" in run_import("yolo", root).out


def test_rows_are_told(run_import: Run, tmp_path: Path) -> None:
    path = trees.write_csv(tmp_path / "source")
    lines = path.read_text().splitlines()
    lines[1] = lines[1].replace(",20,30", ",twenty,30")
    lines[2] = lines[2].replace(",dog,", ",,")
    lines.append("p0.png,41,32,cat,1,1,9,9")
    lines.append("p1.png,48")
    path.write_text("\n".join(lines) + "\n")
    done = run_import("csv", path)
    assert f"{path}:2: 'p0.png': xmax is 'twenty', not a number" in done.out
    assert f"{path}:3: 'p0.png': has a box and no class" in done.out
    assert f"{path}:{len(lines) - 1}: 'p0.png' has several sizes: 40x32, 41x32" in done.out
    assert f"{path}:{len(lines)}: the row has 2 columns, the header 8" in done.out


def test_voc_flaws_have_lines(run_import: Run, tmp_path: Path) -> None:
    root = trees.write_voc(tmp_path / "source", lists=True)
    path = root / "Annotations" / "p0.xml"
    path.write_text(path.read_text().replace("<xmin>5</xmin>", "<xmin>?</xmin>"))
    (root / "Annotations" / "p1.xml").write_text("<annotation><object>")
    (root / "Annotations" / "p3.xml").unlink()
    with (root / "ImageSets/Main/val.txt").open("a") as file:
        file.write("p2\n")
    done = run_import("voc", root)
    assert (
        f"{path}:4: object 1 of 'p0.png': 'cat' has xmin '?', not a number [annotation-malformed]" in done.out
    )
    assert "p1.xml:1: is not XML: no element found [annotation-unreadable]" in done.out
    assert "p3.xml: no such file [annotation-missing]" in done.out
    assert "val.txt:3: 'p2' is in train already [picture-in-two-splits]" in done.out


def test_entities_are_refused(run_import: Run, tmp_path: Path) -> None:
    root = trees.write_voc(tmp_path / "source")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    text = f'<!DOCTYPE annotation [<!ENTITY l0 "ha">{laughs}]>\n<annotation><filename>&l11;</filename></annotation>'
    (root / "Annotations" / "p0.xml").write_text(text)
    done = run_import("voc", root)
    assert "p0.xml:1: declares an entity, which annotations do not need" in done.out


def test_a_file_outside_is_not_read(run_import: Run, tmp_path: Path) -> None:
    root = trees.write_voc(tmp_path / "source")
    (tmp_path / "secret").write_text("secret")
    text = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{tmp_path}/secret">]><annotation><filename>&x;</filename></annotation>'
    (root / "Annotations" / "p0.xml").write_text(text)
    assert "declares an entity" in run_import("voc", root).out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "is a list, not an object; is it a file of results?"),
        ("{}", "has no 'images' and no 'annotations' and no 'categories'"),
        ('{"images": [1]}', "'images' holds 1, not objects"),
        ('{"images": [{"id": 1}]}', "needs an 'id' and a 'file_name'"),
        (
            '{"images": [], "annotations": [], "categories": [{"id": "a", "name": "b"}]}',
            "needs a whole number as 'id'",
        ),
        ('{"images": [], "annotations": [], "categories": []}', "lists no picture"),
        ('{"annotations": [{"image_id": 1, "caption": "a cat"}]}', "holds captions, not instances"),
        ('{"images": [\n {"id": 1,', ".json:2:10: is not JSON"),
        ("", ".json:1:1: '{' is expected, the file ends: was it cut off?"),
        ('{"images": [] "a": 1}', ":1:15: '}' is expected"),
        ("[" * 100_000, "is a list"),
        ('{"a": ' + "[" * 100_000, "too deep"),
        ("\ufffe{}", "'{' is expected"),
    ],
)
def test_json_that_is_no_coco(text: str, message: str, run_import: Run, tmp_path: Path) -> None:
    path = tmp_path / "instances.json"
    path.write_text(text)
    done = run_import("coco", path)
    assert (done.status, done.out) == (2, "")
    assert message in done.err


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "filename,class,xmin,ymin",
            "has no column for 'xmax' (xmax or x_max or x2), 'ymax' (ymax or y_max or y2)",
        ),
        ("p0.png,1,2,3,4,cat", "its first row is 'p0.png,1,2,3,4,cat'; the first row must name the columns"),
        ("filename,class,xmin,ymin,xmax,ymax", "has no rows below its header"),
        ("", "is empty"),
        ('"filename', "has no column for"),
        ("a\0b", "is no CSV file"),
    ],
)
def test_csv_without_columns(header: str, message: str, run_import: Run, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(header)
    done = run_import("csv", path)
    assert done.status == 2
    assert message in done.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names: [a]\n", "names no pictures"),
        ("train: images\n", "has no 'names'"),
        ("train: images\nnames: {1: a}\n", "are not numbered 0, 1, 2"),
        ("train: images\nnc: 2\nnames: [a]\n", "nc is 2, and there are 1 names"),
        ("train: none\nnames: [a]\n", "no such folder or list"),
        ("names: [a\n", "is not YAML"),
        ("- a\n", "is not a description of a data set"),
        ("train: images\nnames: [a]\nkpt_shape: [3]\n", "kpt_shape is [3]"),
        ("a: 2024-99-99\n", "is not YAML"),
    ],
)
def test_yaml_that_is_no_data_set(text: str, message: str, run_import: Run, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "data.yaml").write_text(text)
    done = run_import("yolo", tmp_path)
    assert done.status == 2
    assert message in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tfrecord", "x"], "'tfrecord' is not one of coco, voc, yolo, csv"),
        (["coco", "none.json"], "no such file"),
        (["voc", "none"], "no such file or folder"),
        (["yolo", "none"], "no such file or folder"),
        (["csv", "none.csv"], "no such file"),
        (["csv", "."], "is a folder"),
        (["coco", ".", "--split", "0.5,0.4"], "is no split"),
        (["coco", ".", "--split", "nowhere"], "neither fractions nor a file"),
        (["coco", ".", "--images", "nowhere"], "is no folder"),
        (["voc", ".", "--keypoints"], "has no keypoints"),
    ],
)
def test_usage_mistakes(
    arguments: list[str], message: str, run_import: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run_import(*arguments)
    assert (done.status, done.out) == (2, "")
    assert message in done.err


def test_masks_of_a_format_without_any(run_import: Run, tmp_path: Path) -> None:
    assert "has no masks" in run_import("csv", trees.write_csv(tmp_path / "source"), "--masks").err
