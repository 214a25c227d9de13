"""Each format is written, imported and read back: every value is the one that was drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfgtool.data import keys
from cfgtool.data.label_map import read_label_map

from . import trees
from .conftest import Done

WRITERS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "coco": ("coco", trees.write_coco),
    "voc": ("voc", trees.write_voc),
    "yolo": ("yolo", trees.write_yolo),
    "csv": ("csv", trees.write_csv),
    "open images": ("csv", trees.write_open_images),
}


@pytest.mark.parametrize("name", WRITERS)
def test_boxes_classes_and_pictures(name: str, run_import: Callable[..., Done], tmp_path: Path) -> None:
    kind, write = WRITERS[name]
    done = run_import(kind, write(tmp_path / "source"))
    assert (done.status, done.err) == (0, done.err)
    label_map = read_label_map(str(done.folder / "label_map.pbtxt"))
    names = {item.id: item.name.removeprefix("/m/0") for item in label_map.items}
    records = trees.read_back(done.folder)
    # Open Images lists no picture without objects.
    assert set(records) == set(trees.SIZES) - ({"p2"} if name == "open images" else set())
    for picture, features in records.items():
        width, height = trees.SIZES[picture]
        number = list(trees.SIZES).index(picture)
        assert features[keys.IMAGE] == [trees.png(width, height, seed=number)]
        assert (features[keys.FORMAT], features[keys.WIDTH], features[keys.HEIGHT]) == (
            [b"png"],
            [width],
            [height],
        )
        assert len(features[keys.SOURCE_ID]) == len(features[keys.HASH]) == 1
        found = []
        columns = [features.get(key, []) for key in (keys.LABEL, keys.TEXT, *keys.BOX)]
        for label, text, ymin, xmin, ymax, xmax in zip(*columns, strict=True):
            assert names[label] == text.decode().removeprefix("/m/0")
            box = (xmin * width, ymin * height, xmax * width, ymax * height)
            assert box == pytest.approx([round(side) for side in box], abs=1e-5)
            found.append((names[label], tuple(round(side) for side in box)))
        assert sorted(found) == sorted(trees.OBJECTS[picture])


def test_coco_keeps_ids_areas_and_crowds(run_import: Callable[..., Done], tmp_path: Path) -> None:
    said = trees.coco_of()
    said["annotations"][0] |= {"iscrowd": 1, "area": 12.5}  # that of p5
    done = run_import("coco", trees.write_coco(tmp_path / "source", said))
    records = trees.read_back(done.folder)
    assert records["p5"][keys.CROWD] == [1]
    assert records["p5"][keys.AREA] == [12.5]
    assert records["p5"][keys.SOURCE_ID] == [b"105"]
    assert [item.id for item in read_label_map(str(done.folder / "label_map.pbtxt")).items] == [10, 20, 30]
    assert "num_classes: 30" in done.out


def test_renumbered(run_import: Callable[..., Done], tmp_path: Path) -> None:
    done = run_import("coco", trees.write_coco(tmp_path / "source"), "--renumber")
    items = read_label_map(str(done.folder / "label_map.pbtxt")).items
    assert [(item.id, item.name) for item in items] == [(1, "cat"), (2, "dog"), (3, "bird")]
    assert trees.read_back(done.folder)["p1"][keys.LABEL] == [3]


def test_voc_flags_and_lists(run_import: Callable[..., Done], tmp_path: Path) -> None:
    done = run_import("voc", trees.write_voc(tmp_path / "source", lists=True))
    assert set(trees.read_back(done.folder, "train")) == {"p0", "p1", "p2"}
    assert set(trees.read_back(done.folder, "val")) == {"p3", "p4"}
    features = trees.read_back(done.folder)["p0"]
    assert features[keys.DIFFICULT] == [1, 0]
    assert features[keys.TRUNCATED] == [0, 1]
    assert features[keys.OCCLUDED] == [0, 0]
    assert features[keys.VIEW] == [b"Left", b"Left"]
    assert "1 annotation in no list" in done.out


def test_open_images_flags_and_names(run_import: Callable[..., Done], tmp_path: Path) -> None:
    names = tmp_path / "class-descriptions.csv"
    names.write_text("/m/0dog,Dog\n/m/0cat,Cat\n/m/0bird,Bird\n")
    source = trees.write_open_images(tmp_path / "source")
    done = run_import("csv", source, "--classes", names)
    items = read_label_map(str(done.folder / "label_map.pbtxt")).items
    assert [(item.id, item.name, item.display_name) for item in items] == [
        (1, "/m/0dog", "Dog"),
        (2, "/m/0cat", "Cat"),
        (3, "/m/0bird", "Bird"),
    ]
    features = trees.read_back(done.folder)["p1"]
    assert (features[keys.LABEL], features[keys.OCCLUDED], features[keys.GROUP_OF]) == ([3], [1], [0])


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters(delimiter: str, run_import: Callable[..., Done], tmp_path: Path) -> None:
    done = run_import("csv", trees.write_csv(tmp_path / "source", delimiter=delimiter))
    assert done.status == 0
    assert len(trees.read_back(done.folder)) == 6


def test_yolo_splits(run_import: Callable[..., Done], tmp_path: Path) -> None:
    done = run_import("yolo", trees.write_yolo(tmp_path / "source", splits=True))
    assert set(trees.read_back(done.folder, "train")) == {"p0", "p2", "p4"}
    assert set(trees.read_back(done.folder, "val")) == {"p1", "p3", "p5"}
    assert "1 picture without a file of labels" in done.out


def test_darknet(run_import: Callable[..., Done], tmp_path: Path) -> None:
    data = tmp_path / "data"
    trees.write_pictures(data / "obj")
    for name, objects in trees.OBJECTS.items():
        lines = [trees.yolo_line(one, corners, trees.SIZES[name]) for one, corners in objects]
        (data / "obj" / f"{name}.txt").write_text("\n".join(lines))
    (data / "obj.names").write_text("cat\ndog\nbird\n")
    (data / "train.txt").write_text("data/obj/p0.png\ndata/obj/p1.png\ndata/obj/p2.png\n")
    (data / "test.txt").write_text("data/obj/p3.png\n")
    (data / "obj.data").write_text(
        "classes = 3\ntrain = data/train.txt\nvalid = data/test.txt\nnames = data/obj.names\nbackup = x\n"
    )
    done = run_import("yolo", data / "obj.data")
    assert done.status == 0, done.err
    assert set(trees.read_back(done.folder, "train")) == {"p0", "p1", "p2"}
    assert set(trees.read_back(done.folder, "val")) == {"p3"}


def test_coco_folder_with_splits(run_import: Callable[..., Done], tmp_path: Path) -> None:
    root = tmp_path / "source"
    (root / "annotations").mkdir(parents=True)
    for split, names in (("train", ["p0", "p1", "p2"]), ("val", ["p3", "p4"])):
        trees.write_pictures(root / f"{split}2017", names)
        text = json.dumps(trees.coco_of(names))
        (root / "annotations" / f"instances_{split}2017.json").write_text(text)
        (root / "annotations" / f"captions_{split}2017.json").write_text("{}")
    done = run_import("coco", root)
    assert done.status == 0, done.err
    assert set(trees.read_back(done.folder, "train")) == {"p0", "p1", "p2"}
    assert set(trees.read_back(done.folder, "val")) == {"p3", "p4"}


KEYPOINTS = ["nose", "tail"]


def test_coco_keypoints(run_import: Callable[..., Done], tmp_path: Path) -> None:
    said = trees.coco_of()
    said["categories"][0]["keypoints"] = KEYPOINTS
    for annotation in said["annotations"]:
        if annotation["category_id"] == 10:
            left, top, width, height = annotation["bbox"]
            annotation["keypoints"] = [left, top, 2, left + width, top + height, 1]
            annotation["num_keypoints"] = 2
    done = run_import("coco", trees.write_coco(tmp_path / "source", said), "--keypoints")
    assert done.status == 0, done.err
    assert 'keypoints { id: 0 label: "nose" }' in (done.folder / "label_map.pbtxt").read_text()
    features = trees.read_back(done.folder)["p0"]
    at = features[keys.TEXT].index(b"cat")
    xs, ys = features[keys.KEYPOINT_X], features[keys.KEYPOINT_Y]
    width, height = trees.SIZES["p0"]
    assert len(xs) == len(ys) == 4
    assert [x * width for x in xs[2 * at : 2 * at + 2]] == pytest.approx([4, 20])
    assert [y * height for y in ys[2 * at : 2 * at + 2]] == pytest.approx([2, 30])
    assert features[keys.KEYPOINT_VISIBILITY][2 * at : 2 * at + 2] == [2, 1]
    assert features[keys.KEYPOINT_NUM][at] == 2
    assert features[keys.KEYPOINT_NUM][1 - at] == 0
    assert features[keys.KEYPOINT_TEXT] == [b"nose", b"tail"] * 2


def test_yolo_poses(run_import: Callable[..., Done], tmp_path: Path) -> None:
    root = trees.write_yolo(tmp_path / "source")
    for path in (root / "labels").glob("*.txt"):
        path.write_text("".join(f"{line} 0.25 0.5 2 0 0 0\n" for line in path.read_text().splitlines()))
    with (root / "data.yaml").open("a") as file:
        file.write("kpt_shape: [2, 3]\nkpt_names: {0: [nose, tail]}\n")
    done = run_import("yolo", root, "--keypoints")
    assert done.status == 0, done.out
    features = trees.read_back(done.folder)["p1"]
    assert features[keys.KEYPOINT_X] == [0.25, 0.0]
    assert features[keys.KEYPOINT_Y] == [0.5, 0.0]
    assert features[keys.KEYPOINT_VISIBILITY] == [2, 0]
    labels = (done.folder / "label_map.pbtxt").read_text()
    assert labels.count('id: 0 label: "nose"') == 3


def test_the_report_counts(run_import: Callable[..., Done], tmp_path: Path) -> None:
    done = run_import("voc", trees.write_voc(tmp_path / "source"), "--split", "0.5,0.5", "--shards", 2)
    said: dict[str, Any] = json.loads((done.folder / "import.json").read_text())
    assert sum(split["pictures"] for split in said["splits"].values()) == 6
    assert sum(split["objects"] for split in said["splits"].values()) == 8
    assert {one["name"]: one["objects"] for one in said["classes"]} == {"cat": 3, "dog": 3, "bird": 2}
    assert sorted(path.name for path in done.folder.glob("*.record")) == [
        f"{split}-{number:05d}-of-00002.record" for split in ("train", "val") for number in (0, 1)
    ]
    for name, split in said["splits"].items():
        assert split["bytes"] == sum(path.stat().st_size for path in done.folder.glob(f"{name}-*"))
