"""Whole data sets: checked and counted by any number of processes, decoded where asked, drawn."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfgtool.cli.main import main
from cfgtool.data import keys
from cfgtool.data.check import MAX_PER_CODE, inspect_files, inspect_records
from cfgtool.data.expected import Expected
from cfgtool.data.label_map import parse_label_map
from cfgtool.data.reading import WholeReading
from cfgtool.data.stats import KEPT_BOXES, SHAPES, KeptBoxes, shape_name

Image = pytest.importorskip("PIL.Image")
Write = Callable[..., str]
MAP = parse_label_map("item { id: 1 name: 'cat' } item { id: 2 name: 'dog' } item { id: 3 name: 'bird' }")[0]


def _encoded(kind: str = "PNG", size: tuple[int, int] = (200, 100), **options: Any) -> bytes:
    content = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(content, kind, **options)
    return content.getvalue()


def _run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["data", *map(str, arguments)])
    output = capsys.readouterr()
    assert isinstance(caught.value.code, int)
    assert "Traceback" not in output.err
    return caught.value.code, output.out, output.err


def _files(write: Write) -> list[str]:
    """Three files with flaws of the same kinds, more than are kept, and source ids that return."""
    bad = {keys.XMAX: [1.5, 0.25]}
    outside = [bad | {keys.SOURCE_ID: [f"a{number}"]} for number in range(MAX_PER_CODE + 3)]
    return [
        write({}, *outside, name="a.record"),
        write({keys.SOURCE_ID: ["a1"]}, {keys.SOURCE_ID: ["b"]}, {keys.SOURCE_ID: ["b"]}, name="b.record"),
        write(
            bad | {keys.SOURCE_ID: ["b"]},
            {keys.LABEL: [9, 1], keys.TEXT: [], keys.SOURCE_ID: ["c"]},
            name="c.record",
        ),
    ]


def test_the_number_of_processes_changes_nothing(write: Write) -> None:
    paths = _files(write)
    found = []
    for workers in (1, 2, 3):
        inspection = inspect_files(paths, Expected(MAP), workers=workers)
        problems = [str(problem) for problem in inspection.listed()]
        stats = inspection.stats
        found.append(
            (problems, inspection.counts, inspection.records, stats.as_dict(), stats.images, stats.kept.sizes)
        )
    assert found[0] == found[1] == found[2]


def test_files_one_by_one_are_what_all_are_at_once(write: Write) -> None:
    paths = _files(write)
    whole = inspect_records(WholeReading(paths), Expected(MAP))
    parts = inspect_files(paths, Expected(MAP), workers=1)
    assert parts.counts == whole.counts
    assert parts.records == whole.records
    assert parts.stats.as_dict() == whole.stats.as_dict()
    assert sorted(map(str, parts.listed())) == sorted(map(str, whole.listed()))
    assert whole.counts["box-outside"] == MAX_PER_CODE + 4
    assert whole.counts["record-duplicate-source"] == 3


def test_a_source_id_of_another_file_is_named_with_it(write: Write) -> None:
    paths = _files(write)
    problems = inspect_files(paths, Expected(MAP)).problems
    twins = [str(one) for one in problems if one.code == "record-duplicate-source"]
    assert (
        f"{paths[1]}:record 0 (byte 0): warning: source id 'a1' is already that of record 2 of {paths[0]}"
        in twins[0]
    )
    assert "source id 'b' is already that of record 1 [" in twins[1]


def test_merged_boxes_are_thinned_alike() -> None:
    whole, parts = KeptBoxes(), [KeptBoxes() for _ in range(4)]
    for number in range(40_000):
        box = (float(number), 1.0, 100, 100)
        whole.add(*box)
        parts[0 if number < 30_000 else 1 + number % 3].add(*box)
    merged = parts[0]
    for part in parts[1:]:
        merged.merge(part)
    assert KEPT_BOXES <= len(merged.sizes) < 2 * KEPT_BOXES
    # As large a share of each part is kept.
    late = sum(height >= 30_000 for height, *_ in merged.sizes)
    assert late / len(merged.sizes) == pytest.approx(0.25, abs=0.01)


PNG = _encoded()
DAMAGED = {
    "cut off": ({keys.IMAGE: [_encoded()[:-20]]}, "image-damaged", "the PNG image is cut off"),
    "broken": (
        {keys.IMAGE: [PNG[:60] + b"????" + PNG[64:]]},
        "image-damaged",
        "cannot be decoded",
    ),
    "masks": (
        {keys.IMAGE: [_encoded()], keys.MASK: [_encoded(), _encoded(size=(10, 10))]},
        "mask-damaged",
        "mask 1 has 10 x 10 pixels, the image 200 x 100",
    ),
    "mask of nothing": (
        {keys.IMAGE: [_encoded()], keys.MASK: [b"nothing", b""]},
        "mask-damaged",
        "mask 0 is not JPEG",
    ),
    "turned": (
        {
            keys.IMAGE: [
                _encoded(
                    "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
                )
            ],
            keys.FORMAT: ["jpeg"],
        },
        "image-turned",
        "EXIF orientation 6",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_pictures_are_decoded_when_asked(name: str, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    change, code, message = DAMAGED[name]
    path = write({keys.IMAGE: [_encoded()]}, change)
    assert _run(capsys, "check", path)[0] == 0
    status, out, _ = _run(capsys, "check", path, "--pictures")
    assert status == 1
    assert f"[{code}]" in out
    assert message in out
    assert ":record 1 (byte " in out


def test_sound_pictures_are_silent(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    jpeg = {keys.IMAGE: [_encoded("JPEG")], keys.FORMAT: ["jpeg"], keys.MASK: [_encoded(), _encoded()]}
    assert _run(capsys, "check", write({keys.IMAGE: [_encoded()]}, jpeg), "--pictures")[:2] == (0, "")


CONFIG = """
model {{ ssd {{
  num_classes: 3
  image_resizer {{ fixed_shape_resizer {{ height: 50 width: 100 }} }}
  matcher {{ argmax_matcher {{ matched_threshold: 0.5 }} }}
  anchor_generator {{ multiscale_anchor_generator {{
    min_level: 3 max_level: 3 anchor_scale: {scale} aspect_ratios: [1.0] scales_per_octave: 1 }} }}
}} }}
train_input_reader {{ label_map_path: "{label_map}" tf_record_input_reader {{ input_path: "{record}" }} }}
"""


def _config(write: Write, label_map_file: str, tmp_path: Path, scale: float = 4.0) -> str:
    # Boxes of 40 x 40 and 20 x 20 pixels in the image, half as large in the network's input; the anchor has 8 x scale.
    boxes = {
        keys.YMIN: [0.1, 0.1],
        keys.YMAX: [0.5, 0.3],
        keys.XMIN: [0.1, 0.1],
        keys.XMAX: [0.3, 0.2],
    }
    path = tmp_path / "pipeline.config"
    record = write(boxes, boxes | {keys.LABEL: [1, 1], keys.TEXT: ["cat", "cat"]})
    path.write_text(CONFIG.format(scale=scale, label_map=label_map_file, record=record))
    return str(path)


@pytest.mark.parametrize(("scale", "reached"), [(2.5, 2), (1.25, 2), (1.8, 2), (9.0, 0)])
def test_what_anchors_reach(
    scale: float,
    reached: int,
    write: Write,
    label_map_file: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Anchors of 20, 10, 14.4 and 72 pixels against boxes of 20 and 10: the overlap is the ratio of the areas.
    config = _config(write, label_map_file, tmp_path, scale)
    (result,) = json.loads(_run(capsys, "stats", config, "--format", "json")[1])
    assert result["seen"] == {
        "input": [50, 100],
        "boxes": 4,
        "box_sizes": {"small": 4, "medium": 0, "large": 0},
    }
    assert (result["anchors"]["threshold"], result["anchors"]["reached"]) == (0.5, reached)


def test_classes_with_their_images_and_shares(
    write: Write, label_map_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = _config(write, label_map_file, tmp_path)
    (result,) = json.loads(_run(capsys, "stats", config, "--format", "json")[1])
    assert result["classes"] == [
        {"id": 1, "name": "cat", "objects": 3, "images": 2, "share": 0.75},
        {"id": 2, "name": "dog", "objects": 1, "images": 1, "share": 0.25},
        {"id": 3, "name": "bird", "objects": 0, "images": 0, "share": 0.0},
    ]
    assert result["boxes_per_image_counts"] == {"2": 2}
    assert result["box_shapes"][shape_name(0.8)] == 4
    assert sum(result["box_shapes"].values()) == 4
    assert len(result["box_shapes"]) == len(SHAPES)


def test_texts_without_ids(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write({keys.LABEL: []})
    (result,) = json.loads(_run(capsys, "stats", path, "--format", "json")[1])
    assert [(one["id"], one["name"]) for one in result["classes"]] == [(None, "cat"), (None, "dog")]


@pytest.mark.parametrize("ending", [".png", ".svg", ".html"])
def test_statistics_are_drawn(
    ending: str, write: Write, label_map_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = _config(write, label_map_file, tmp_path)
    target = tmp_path / f"stats{ending}"
    assert _run(capsys, "stats", config, "-o", target)[0] == 0
    if ending == ".png":
        assert Image.open(target).size[0] > 1000
    else:
        text = target.read_text()
        for said in (
            "Objects of each class",
            "Boxes that anchors reach",
            "3 in 2 images",
            "bird",
            "at 100 x 50",
        ):
            assert said in text
    assert "exists already" in _run(capsys, "stats", config, "-o", target)[2]
    assert "is no .png, .svg or .html" in _run(capsys, "stats", config, "-o", tmp_path / "a.gif")[2]
    assert "no such folder" in _run(capsys, "stats", config, "-o", tmp_path / "b" / f"a{ending}")[2]


def test_records_are_shown(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    points = {keys.KEYPOINT_X: [0.3] * 4, keys.KEYPOINT_Y: [0.2] * 4, keys.KEYPOINT_VISIBILITY: [2, 0, 1, 2]}
    masks = {keys.MASK: [_encoded(), _encoded()]}
    sound = {keys.IMAGE: [_encoded()]}
    path = write(
        sound | points | {keys.CROWD: [0, 1]},
        sound | masks,
        {keys.IMAGE: [b"nothing"]},
        sound | {keys.LABEL: []},
    )
    sheet = tmp_path / "sheet.png"
    status, out, err = _run(capsys, "show", path, "-o", sheet)
    assert (status, err) == (0, f"drawn in {sheet}\n")
    lines = out.splitlines()
    assert lines[0] == "data.record:0  0  200 x 100 png"
    assert lines[1:4] == [
        "  cat (1)  40.0 10.0 140.0 60.0",
        "  dog (2)  0.0 50.0 50.0 100.0  crowd",
        "  keypoints: 4",
    ]
    assert "  masks: 2" in lines
    assert "  cat (None)  40.0 10.0 140.0 60.0" in lines
    image = Image.open(sheet)
    assert image.size[0] > 800
    assert image.convert("RGB").getcolors(1 << 24) is not None
    assert _run(capsys, "show", path, "--count", 1)[1].splitlines()[0].startswith("data.record:0 ")
    assert "exists already" in _run(capsys, "show", path, "-o", sheet)[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["none.record"], "no file matches"), (["DATA", "-o", "x.jpg"], "a sheet of records is a .png")],
)
def test_mistakes_of_show(
    arguments: list[str], message: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write({})
    status, out, err = _run(capsys, "show", *(path if word == "DATA" else word for word in arguments))
    assert (status, out) == (2, "")
    assert message in err


def test_damage_is_told_by_show(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(write({}, {}))
    data = bytearray(path.read_bytes())
    data[30] ^= 1
    path.write_bytes(bytes(data))
    status, _, err = _run(capsys, "show", path)
    assert (status, "the record is damaged" in err) == (2, True)


@pytest.mark.reference
def test_published_records_are_sound(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = shared / "corpus/records/pets_examples.record"
    assert _run(capsys, "check", path, "--pictures")[:2] == (0, "")
    (result,) = json.loads(_run(capsys, "stats", path, "--format", "json")[1])
    assert (result["records"], result["formats"]) == (10, {"jpeg": 10})
    assert sum(one["objects"] for one in result["classes"]) == result["boxes"]
