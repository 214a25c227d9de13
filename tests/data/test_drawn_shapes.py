"""The drawn data set: sound, tight boxes, and reproducible."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest

from cfgtool.cli.main import main
from cfgtool.data import keys, objects
from cfgtool.data.check import inspect_records
from cfgtool.data.example import decode_example
from cfgtool.data.expected import Expected
from cfgtool.data.label_map import read_label_map
from cfgtool.data.reading import WholeReading
from cfgtool.data.tfrecord import read_records

pytest.importorskip("PIL")
from PIL import Image, ImageChops

from tools import draw_shapes


@pytest.mark.parametrize(("split", "count"), [("train", 320), ("val", 40)])
def test_committed_records_are_sound(fixtures: Path, split: str, count: int) -> None:
    folder = fixtures / "shapes"
    label_map = read_label_map(str(folder / "shapes_label_map.pbtxt"))
    path = str(folder / f"shapes_{split}.record")
    expected = Expected(label_map, len(draw_shapes.CLASSES), draw_shapes.MAX_OBJECTS)
    inspection = inspect_records(WholeReading([path]), expected)
    stats = inspection.stats
    assert inspection.listed() == []
    assert stats.records == count
    assert min(stats.labels.values()) > count / 4


def test_label_map_is_the_drawn_one(fixtures: Path) -> None:
    assert (fixtures / "shapes/shapes_label_map.pbtxt").read_text() == draw_shapes.label_map()


def test_committed_pictures_can_be_drawn_again(fixtures: Path) -> None:
    """Boxes to the bit; pixels up to what JPEG encoders of different releases do."""
    committed = [
        decode_example(record) for record in read_records(str(fixtures / "shapes/shapes_val.record"))
    ]
    drawn = [decode_example(record) for record in draw_shapes.examples("val", 5, 128, seed=1)]
    for old, new in zip(committed, drawn, strict=False):
        for key in (*keys.BOX, keys.LABEL, keys.TEXT, keys.SOURCE_ID):
            assert old[key] == new[key]
        images = [Image.open(io.BytesIO(objects.first_bytes(one, keys.IMAGE) or b"")) for one in (old, new)]
        extremes = ImageChops.difference(*images).getextrema()
        assert max(high for _, high in extremes) <= 24


def test_a_picture_depends_on_its_seed_only() -> None:
    first, again = (draw_shapes.draw(random.Random("7/x"), 96) for _ in range(2))
    assert first[1] == again[1]
    assert first[0].tobytes() == again[0].tobytes()
    assert draw_shapes.draw(random.Random("8/x"), 96)[0].tobytes() != first[0].tobytes()


@pytest.mark.parametrize("name", draw_shapes.CLASSES)
@pytest.mark.parametrize("seed", range(4))
def test_boxes_are_tight(name: str, seed: int) -> None:
    """The mask of a shape touches all four sides of its box and nothing lies outside."""
    drawn = draw_shapes._place(random.Random(seed), name, 128, [])
    assert drawn is not None
    mask = drawn.mask
    left, top, right, bottom = drawn.box
    assert mask.getbbox() == drawn.box
    sides = [(left, top, right, top + 1), (left, bottom - 1, right, bottom)]
    sides += [(left, top, left + 1, bottom), (right - 1, top, right, bottom)]
    assert all(mask.crop(side).getbbox() is not None for side in sides)
    assert 128 * 0.3 * 0.7 < right - left < 128 * 0.62 * 1.25


def test_objects_hardly_overlap() -> None:
    for number in range(20):
        _, found = draw_shapes.draw(random.Random(number), 128)
        boxes = [drawn.box for drawn in found]
        assert boxes
        for index, box in enumerate(boxes):
            assert all(draw_shapes._overlap(box, other) <= 0.08 for other in boxes[:index])


def test_masks_and_keypoints_lie_in_their_boxes(fixtures: Path) -> None:
    records = [decode_example(record) for record in read_records(str(fixtures / "shapes/shapes_val.record"))]
    seen = dict.fromkeys((0, 1, 2), 0)
    for record in records:
        masks = [Image.open(io.BytesIO(png)) for png in record[keys.MASK] if isinstance(png, bytes)]
        boxes = objects.boxes(record)
        number = len(draw_shapes.KEYPOINTS)
        points = list(
            zip(
                *(record[key] for key in (keys.KEYPOINT_Y, keys.KEYPOINT_X, keys.KEYPOINT_VISIBILITY)),
                strict=True,
            )
        )
        assert len(points) == number * len(boxes)
        for row, (mask, (ymin, xmin, ymax, xmax), area) in enumerate(
            zip(masks, boxes, record[keys.AREA], strict=True)
        ):
            left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
            inside = (top / 128 >= ymin, left / 128 >= xmin, bottom / 128 <= ymax, right / 128 <= xmax)
            assert all(inside)
            assert sum(mask.convert("L").histogram()[128:]) == area
            for y, x, visibility in points[row * number : (row + 1) * number]:
                seen[visibility] += 1
                margin = 1.5 / 128
                assert visibility == 0 or (
                    ymin - margin < y < ymax + margin and xmin - margin < x < xmax + margin
                )
    assert min(seen.values()) > 0


def test_each_shape_has_its_keypoints(fixtures: Path) -> None:
    counts = {"circle": 1, "square": 5, "triangle": 4, "star": 6}
    for record in map(decode_example, read_records(str(fixtures / "shapes/shapes_val.record"))):
        for name, number in zip(objects.texts(record, keys.TEXT), record[keys.KEYPOINT_NUM], strict=True):
            assert counts[name] - 2 <= int(number) <= counts[name]


def test_keypoint_label_map_is_the_drawn_one(fixtures: Path) -> None:
    path = fixtures / "shapes/keypoint_label_map.pbtxt"
    assert path.read_text() == draw_shapes.keypoint_label_map()
    assert read_label_map(str(path)).items[0].keypoints == tuple(range(len(draw_shapes.KEYPOINTS)))


@pytest.mark.parametrize("name", ["faster_rcnn", "mask_rcnn", "center_net"])
def test_the_small_configs_have_nothing_wrong(
    fixtures: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["lint", str(fixtures / "demo" / f"{name}.config")])
    assert (caught.value.code, capsys.readouterr().out) == (0, "")
