"""Flaws of records: each is found, and sound records are silent."""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cfgtool.data import keys
from cfgtool.data.check import MAX_PER_CODE, check_records, inspect_records
from cfgtool.data.check_example import check_example
from cfgtool.data.example import decode_example, encode_example
from cfgtool.data.expected import Expected, Loaded, expected_of
from cfgtool.data.label_map import parse_label_map
from cfgtool.data.reading import WholeReading
from cfgtool.data.sources import readers
from cfgtool.data.stats import KEPT_BOXES, KeptBoxes
from cfgtool.data.tfrecord import frame
from cfgtool.schema import read_config
from cfgtool.textproto import parse

Features = dict[str, list[Any]]
MAP = parse_label_map("item { id: 1 name: 'cat' } item { id: 2 name: 'dog' } item { id: 3 name: 'bird' }")[0]
NAN = float("nan")


BMP_32 = b"BM" + bytes(16) + struct.pack("<iiHH", 200, 100, 1, 32) + bytes(20)


def png(colour: int) -> bytes:
    """The header of a picture of 200 x 100 pixels with that PNG colour type."""
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", 200, 100, 8, colour, 0, 0, 0)


def _codes(features: Features, **more: Any) -> dict[str, str]:
    return {
        code: severity
        for code, severity, _ in check_example(features, Expected(MAP, **({"num_classes": 3} | more)))
    }


def test_a_sound_example_is_silent(features: Features) -> None:
    assert _codes(features) == {}


@pytest.mark.parametrize(
    "change",
    [
        {keys.LABEL: []},
        {keys.TEXT: []},
        {key: [] for key in (*keys.BOX, keys.LABEL, keys.TEXT)},
        {keys.CROWD: [0, 1]},
        {keys.YMAX: [0.6, 1.000001]},
        {keys.FORMAT: [b"PNG"]},
        {keys.HEIGHT: [100], "image/extra": [b"anything"]},
    ],
)
def test_sound_variants_are_silent(features: Features, change: Features) -> None:
    assert _codes(features | change) == {}


@pytest.mark.parametrize(
    ("change", "code", "severity"),
    [
        ({keys.IMAGE: []}, "missing-key", "error"),
        ({keys.HEIGHT: []}, "minor-key-missing", "warning"),
        ({keys.SOURCE_ID: []}, "minor-key-missing", "warning"),
        ({keys.LABEL: [], keys.TEXT: []}, "missing-key", "error"),
        ({keys.IMAGE: [b"RIFF....WEBP"]}, "image-not-decodable", "error"),
        ({keys.IMAGE: [b""]}, "image-not-decodable", "error"),
        ({keys.FORMAT: [b"jpeg"]}, "image-format-differs", "info"),
        ({keys.WIDTH: [640]}, "image-size-differs", "warning"),
        ({keys.YMIN: [0.1]}, "box-lists-differ", "error"),
        ({keys.LABEL: [1]}, "class-list-differs", "error"),
        ({keys.TEXT: [b"cat"]}, "class-list-differs", "error"),
        ({keys.DIFFICULT: [0]}, "object-list-differs", "error"),
        ({keys.YMIN: [1, 5]}, "key-wrong-type", "error"),
        ({keys.LABEL: [b"cat", b"dog"]}, "key-wrong-type", "error"),
        ({keys.YMIN: [NAN, 0.5]}, "box-not-finite", "error"),
        ({keys.XMAX: [140.0, 50.0]}, "box-in-pixels", "error"),
        ({keys.YMIN: [0.6, 0.5], keys.YMAX: [0.1, 1.0]}, "box-inverted", "error"),
        ({keys.XMAX: [1.5, 0.25]}, "box-outside", "error"),
        ({keys.XMIN: [-0.3, 0.0]}, "box-outside", "error"),
        ({keys.XMAX: [1.05, 0.25]}, "box-over-edge", "warning"),
        ({keys.XMAX: [0.2, 0.25]}, "box-without-area", "warning"),
        ({keys.XMAX: [0.2001, 0.25], keys.YMAX: [0.11, 1.0]}, "box-below-a-pixel", "warning"),
        ({keys.LABEL: [0, 2]}, "class-id-below-one", "error"),
        ({keys.LABEL: [9, 2], keys.TEXT: []}, "class-id-above-num-classes", "error"),
        ({keys.TEXT: [b"horse", b"dog"]}, "class-text-unknown", "error"),
        ({keys.LABEL: [2, 2]}, "class-text-and-id-differ", "error"),
        ({key: [0.0, 0.0002] for key in keys.BOX}, "boxes-near-zero", "error"),
        ({keys.IMAGE: [png(colour=6)]}, "image-channels", "warning"),
        ({keys.IMAGE: [png(colour=0)]}, "image-grey", "info"),
        ({keys.IMAGE: [BMP_32]}, "image-not-decodable", "error"),
    ],
)
def test_flaws(features: Features, change: Features, code: str, severity: str) -> None:
    assert _codes(features | change).get(code) == severity


def test_id_outside_the_label_map_but_within_num_classes(features: Features) -> None:
    assert _codes(features | {keys.LABEL: [7, 2], keys.TEXT: []}, num_classes=9) == {
        "class-id-unknown": "error"
    }


def test_more_boxes_than_the_reader_takes(features: Features) -> None:
    assert _codes(features, max_boxes=1) == {"too-many-boxes": "warning"}
    assert _codes(features, max_boxes=2) == {}


MASKS = {keys.MASK: [b"\x89PNG", b"\x89PNG"]}
NUMBERS = {keys.HEIGHT: [2], keys.WIDTH: [3], keys.IMAGE: [], keys.MASK: [0.0] * 12}
POINTS = {keys.KEYPOINT_Y: [0.5] * 6, keys.KEYPOINT_X: [0.5] * 6}


@pytest.mark.parametrize(
    ("change", "more", "expected"),
    [
        ({}, {}, set()),
        (MASKS, {"masks": "png"}, set()),
        (NUMBERS, {"masks": "numerical"}, set()),
        (POINTS, {"keypoints": 3}, set()),
        ({key: [] for key in (*keys.BOX, keys.LABEL, keys.TEXT)}, {"masks": "png", "keypoints": 3}, set()),
        ({}, {"masks": "png"}, {"masks-missing"}),
        (MASKS, {"masks": "numerical"}, {"mask-type-differs"}),
        (NUMBERS, {"masks": "png"}, {"mask-type-differs"}),
        ({keys.MASK: [b"\x89PNG"]}, {"masks": "png"}, {"mask-count-differs"}),
        (NUMBERS | {keys.MASK: [0.0] * 11}, {"masks": "numerical"}, {"mask-count-differs"}),
        ({}, {"keypoints": 3}, {"keypoints-missing"}),
        (POINTS, {"keypoints": 4}, {"keypoint-count-differs"}),
    ],
)
def test_masks_and_keypoints(
    features: Features, change: Features, more: dict[str, Any], expected: set[str]
) -> None:
    found = _codes(features | change, loaded=Loaded(**more))
    assert {code for code in found if code.startswith(("mask", "keypoint"))} == expected
    assert not _codes(features | change).keys() & {"masks-missing", "keypoints-missing"}


READER = """
model { ssd { num_classes: 7 } }
train_input_reader { load_instance_masks: true mask_type: PNG_MASKS num_keypoints: 5 }
eval_input_reader { load_instance_masks: true max_number_of_boxes: 9 }
eval_input_reader { mask_type: PNG_MASKS }
"""


def test_expectations_of_readers() -> None:
    config = read_config(parse(READER))
    training, first, second = (expected_of(reader, MAP) for reader in readers(config))
    assert (training.num_classes, training.max_boxes, training.loaded.masks, training.loaded.keypoints) == (
        7,
        100,
        "png",
        5,
    )
    assert (first.max_boxes, first.loaded.masks, second.loaded.masks) == (9, "numerical", "")
    assert (training.unique_sources, first.unique_sources) == (False, True)
    assert training.lookup == MAP.lookup()
    assert expected_of(readers(read_config(parse("train_input_reader { }")))[0], None).num_classes is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({keys.TEXT: [b"Cat ", b"dog"]}, "spells it 'cat'"),
        ({keys.WIDTH: [100], keys.HEIGHT: [200]}, "swapped"),
        ({keys.YMIN: [NAN, NAN]}, "and 1 more of this record"),
        ({key: [0.0, 0.0] for key in keys.BOX}, "all boxes end at 0"),
        ({keys.IMAGE: [png(colour=6)]}, "the transparency is dropped"),
        ({keys.XMAX: [1.5, 0.25]}, "box 0 [0.1, 0.2, 0.6, 1.5]"),
    ],
)
def test_messages_say_what_helps(features: Features, change: Features, said: str) -> None:
    flaws = check_example(features | change, Expected(MAP))
    assert any(said in message for _, _, message in flaws)


def test_problems_have_a_place(write: Callable[..., str]) -> None:
    path = write({}, {keys.YMIN: [NAN, 0.5]}, {})
    problem = check_records([path])[0]
    assert (problem.path, problem.record, problem.code) == (path, 1, "box-not-finite")
    assert problem.offset == len(frame(b"")) + int.from_bytes(Path(path).read_bytes()[:8], "little")


def test_a_broken_record_does_not_hide_the_next(write: Callable[..., str]) -> None:
    path = write({}, {keys.LABEL: [9, 9]})
    data = bytearray(Path(path).read_bytes())
    data[20] ^= 1
    Path(path).write_bytes(bytes(data))
    codes = [(problem.record, problem.code) for problem in check_records([path], Expected(MAP, 3))]
    assert codes[0] == (0, "record-checksum")
    assert (1, "class-id-above-num-classes") in codes


def test_files_that_cannot_be_read_are_problems(tmp_path: Path, write: Callable[..., str]) -> None:
    (tmp_path / "empty.record").touch()
    (tmp_path / "text.record").write_text("filename,width,height\n")
    (tmp_path / "other.record").write_bytes(frame(b"not an example"))
    paths = [str(tmp_path / name) for name in ("empty.record", "text.record", "other.record", "none.record")]
    codes = [problem.code for problem in check_records([*paths, write({})])]
    assert codes == ["record-file-empty", "record-framing", "record-not-an-example", "record-unreadable"]


@pytest.mark.parametrize(
    ("with_boxes", "without", "code"),
    [(0, 2, "records-without-boxes"), (1, 3, "records-mostly-without-boxes"), (2, 2, None)],
)
def test_background_images(
    write: Callable[..., str], with_boxes: int, without: int, code: str | None
) -> None:
    empty = {key: [] for key in (*keys.BOX, keys.LABEL, keys.TEXT)}
    problems = check_records([write(*[{}] * with_boxes, *[empty] * without)])
    assert [problem.code for problem in problems] == ([code] if code else [])


def test_the_same_source_id_twice(write: Callable[..., str]) -> None:
    problems = check_records([write({keys.SOURCE_ID: [b"a"]}, {}, {keys.SOURCE_ID: [b"a"]})])
    assert [(problem.code, problem.record) for problem in problems] == [("record-duplicate-source", 2)]


def test_source_ids_may_repeat_in_training(write: Callable[..., str]) -> None:
    path = write({keys.SOURCE_ID: [b"a"]}, {keys.SOURCE_ID: [b"a"]})
    assert check_records([path], Expected(unique_sources=False)) == []


def test_records_are_counted_once_for_each_code(write: Callable[..., str]) -> None:
    path = write({keys.LABEL: [9, 8], keys.TEXT: []}, {}, {keys.LABEL: [9, 1], keys.TEXT: []})
    inspection = inspect_records(WholeReading([path]), Expected(None, 3))
    assert inspection.counts == {"class-id-above-num-classes": 3}
    assert inspection.records == {"class-id-above-num-classes": 2}


def test_sizes_of_boxes_are_thinned_evenly() -> None:
    kept = KeptBoxes()
    for number in range(5 * KEPT_BOXES):
        kept.add(number, 1, 1, 1)
    heights = [height for height, *_ in kept.sizes]
    assert KEPT_BOXES <= len(heights) < 2 * KEPT_BOXES
    steps = {after - before for before, after in pairwise(heights)}
    assert len(steps) == 1


def test_large_records_are_decoded_alike(features: Features) -> None:
    large = features | {keys.IMAGE: [bytes(1 << 17)]}
    decoded = decode_example(encode_example(large))
    assert decoded[keys.IMAGE] == large[keys.IMAGE]
    assert decoded[keys.TEXT] == features[keys.TEXT]
    assert all(type(value) is bytes for value in (*decoded[keys.IMAGE], *decoded[keys.TEXT]))
    assert decoded[keys.LABEL] == features[keys.LABEL]


def test_progress_reaches_the_end(write: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "text.record").write_text("no records at all")
    told: list[tuple[int, int]] = []
    paths = [write({}, {}), str(tmp_path / "text.record")]
    list(WholeReading(paths, progress=lambda done, total: told.append((done, total))))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (sum(Path(path).stat().st_size for path in paths),) * 2
    assert len(told) == 3


def test_classes_without_boxes_are_told(write: Callable[..., str]) -> None:
    (problem,) = check_records([write({})], Expected(MAP))
    assert problem.severity == "info"
    assert "'bird'" in problem.message
    assert check_records([write({})], Expected(MAP), limit=1) == []


def test_floods_are_counted(write: Callable[..., str]) -> None:
    path = write(*[{keys.LABEL: [9, 9], keys.TEXT: []}] * (MAX_PER_CODE + 5))
    problems = check_records([path], Expected(None, 3))
    assert len(problems) == MAX_PER_CODE + 1
    assert problems[-1].message == "5 more of class-id-above-num-classes"


def test_statistics(write: Callable[..., str]) -> None:
    empty = {key: [] for key in (*keys.BOX, keys.LABEL, keys.TEXT)}
    path = write({}, {keys.DIFFICULT: [1, 0]}, empty, {keys.IMAGE: [b"?"]})
    stats = inspect_records(WholeReading([path])).stats.as_dict()
    expected = {
        "records": 4,
        "boxes": 6,
        "boxes_per_image": 1.5,
        "max_boxes_per_image": 2,
        "images_without_boxes": 1,
        "difficult": 1,
        "undecodable_images": 1,
        "formats": {"png": 3},
        "width": {"min": 200, "median": 200, "max": 200},
        # 0.5 x 0.5 and 0.5 x 0.25 of 200 x 100 pixels: 5000 and 2500 square pixels
        "box_sizes": {"small": 0, "medium": 4, "large": 0},
        "boxes_by_class_id": {"1": 3, "2": 3},
    }
    assert {name: stats[name] for name in expected} == expected


@pytest.mark.reference
def test_the_pets_are_sound(shared: Path) -> None:
    from cfgtool.data.label_map import read_label_map

    label_map = read_label_map(str(shared / "corpus/label_maps/pet_label_map.pbtxt"))
    problems = check_records(
        [str(shared / "corpus/records/pets_examples.record")], Expected(label_map, 37, 100)
    )
    assert [(problem.code, problem.severity) for problem in problems] == [("classes-without-boxes", "info")]


SURFACE = {
    keys.DENSEPOSE_NUM: [1, 2],
    **dict.fromkeys(keys.DENSEPOSE, [0.5] * 3),
    keys.DENSEPOSE_PART: [0, 1, 23],
}
LABELLED = {**POINTS, keys.KEYPOINT_TEXT: [b"a", b"b", b"c"] * 2}


@pytest.mark.parametrize(
    ("change", "more", "expected"),
    [
        (SURFACE, {"dense_pose": True}, set()),
        ({}, {"dense_pose": True}, set()),
        (SURFACE | {keys.DENSEPOSE_NUM: [3]}, {"dense_pose": True}, {"densepose-differs"}),
        (SURFACE | {keys.DENSEPOSE_U: []}, {"dense_pose": True}, {"densepose-differs"}),
        (SURFACE | {keys.DENSEPOSE_PART: [0, 1, 24]}, {"dense_pose": True}, {"densepose-part"}),
        ({keys.TRACK: [4, 5]}, {"track_ids": True}, set()),
        ({}, {"track_ids": True}, {"track-ids-differ"}),
        (POINTS | {keys.KEYPOINT_DEPTH: [0.5] * 6}, {"keypoints": 3, "depths": True}, set()),
        (
            POINTS | {keys.KEYPOINT_DEPTH: [0.5] * 5},
            {"keypoints": 3, "depths": True},
            {"keypoint-depths-differ"},
        ),
        (LABELLED, {"keypoints": 9, "labelled": True}, set()),
        (
            LABELLED | {keys.KEYPOINT_TEXT: [b"a"] * 4},
            {"keypoints": 9, "labelled": True},
            {"keypoint-count-differs"},
        ),
        (
            LABELLED | {keys.KEYPOINT_TEXT: [b"a"] * 3},
            {"keypoints": 9, "labelled": True},
            {"keypoint-count-differs"},
        ),
        ({keys.CONTEXT_LENGTH: [2], keys.CONTEXT_FEATURES: [0.5] * 6}, {"context_length": 2}, set()),
        (
            {keys.CONTEXT_LENGTH: [2], keys.CONTEXT_FEATURES: [0.5] * 5},
            {"context_length": 2},
            {"context-features-differ"},
        ),
        (
            {keys.CONTEXT_LENGTH: [3], keys.CONTEXT_FEATURES: [0.5] * 6},
            {"context_length": 2},
            {"context-features-differ"},
        ),
        ({}, {"context_length": 2}, {"context-features-differ"}),
    ],
)
def test_what_only_some_readers_load(
    features: Features, change: Features, more: dict[str, Any], expected: set[str]
) -> None:
    found = _codes(features | change, loaded=Loaded(**more))
    prefixes = ("densepose", "track", "keypoint", "context")
    assert {code for code in found if code.startswith(prefixes)} == expected
    assert not {code for code in _codes(features | change) if code.startswith(prefixes)}
