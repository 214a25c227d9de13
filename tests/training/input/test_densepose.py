"""DensePose points: reading, mirroring, taking out what is absent, and the file with the mirror images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import full_records
import mat_tables
import numpy as np
import pytest
import tensorflow as tf

from cfgtool.data import keys
from cfgtool.errors import UserError
from cfgtool.schema import Config
from cfgtool.training.input import augment
from cfgtool.training.input.densepose import MAX_POINTS, compact, other_hand, stored_points, symmetry_problem
from cfgtool.training.input.example import DENSEPOSE, DENSEPOSE_PARTS, DENSEPOSE_SURFACE
from cfgtool.training.input.mat_file import read_mat
from cfgtool.training.input.pipeline import training_batches
from cfgtool.training.input.read_errors import checked

Pipeline = Callable[..., Config]


def _parsed(numbers: list[int], parts: list[int]) -> dict[str, Any]:
    total = len(parts)
    floats = {key: tf.range(total, dtype=tf.float32) / 10.0 + n for n, key in enumerate(keys.DENSEPOSE[1:])}
    return {
        keys.DENSEPOSE_NUM: tf.constant(numbers, tf.int64),
        keys.DENSEPOSE_PART: tf.constant(parts, tf.int64),
        **floats,
    }


def test_points_are_dealt_out_to_their_objects() -> None:
    example = stored_points(_parsed([2, 0, 1], [5, 6, 7]), tf.constant(3))
    np.testing.assert_array_equal(example[DENSEPOSE_PARTS][:, :2], [[5, 6], [0, 0], [7, 0]])
    np.testing.assert_allclose(example[DENSEPOSE][0, :2], [[0.0, 1.0], [0.1, 1.1]], rtol=1e-6)
    np.testing.assert_allclose(example[DENSEPOSE_SURFACE][2, 0], [2.2, 3.2], rtol=1e-6)
    assert np.isfinite(example[DENSEPOSE]).all(-1).sum(-1).tolist() == [2, 0, 1]


def test_records_without_points_and_with_too_many() -> None:
    empty = compact(stored_points(_parsed([], []), tf.constant(2)))
    assert empty["densepose_num_points"].numpy().tolist() == [0, 0]
    assert empty["densepose_surface_coords"].shape == (2, MAX_POINTS, 4)
    nobody = compact(stored_points(_parsed([], []), tf.constant(0)))
    assert nobody["densepose_part_ids"].shape == (0, MAX_POINTS)
    many = compact(stored_points(_parsed([400, 1], [1] * 400 + [2]), tf.constant(2)))
    assert many["densepose_num_points"].numpy().tolist() == [MAX_POINTS, 1]
    assert many["densepose_part_ids"][1, 0] == 2


def test_absent_points_are_taken_out_and_the_others_stay_in_order() -> None:
    places = np.full((1, MAX_POINTS, 2), np.nan, np.float32)
    places[0, [1, 4, 9]] = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
    parts = np.arange(MAX_POINTS)[np.newaxis] % 24
    surface = np.repeat(parts[..., np.newaxis] / 24, 2, -1).astype(np.float32)
    result = compact({DENSEPOSE: places, DENSEPOSE_PARTS: parts, DENSEPOSE_SURFACE: surface})
    assert result["densepose_num_points"].numpy().tolist() == [3]
    assert result["densepose_part_ids"].numpy()[0, :4].tolist() == [1, 4, 9, 0]
    np.testing.assert_allclose(
        result["densepose_surface_coords"][0, 1], [0.3, 0.4, 4 / 24, 4 / 24], rtol=1e-6
    )
    assert not np.any(result["densepose_surface_coords"][0, 3:])


@pytest.mark.usefixtures("symmetry")
def test_left_becomes_right_and_the_surface_its_mirror_image() -> None:
    surface = np.random.default_rng(1).uniform(-0.1, 1.1, (1, 24, 2)).astype(np.float32)
    surface[0, 0] = [1.0, 0.0]
    example = {DENSEPOSE_PARTS: tf.range(24)[tf.newaxis], DENSEPOSE_SURFACE: tf.constant(surface)}
    result = other_hand(example)
    # Torso back and front have no other hand; hands, feet, ... are pairs.
    assert result[DENSEPOSE_PARTS].numpy()[0, :6].tolist() == [0, 1, 3, 2, 5, 4]
    want = mat_tables.other_side(np.clip(surface, 0, 1))
    np.testing.assert_allclose(result[DENSEPOSE_SURFACE], want, atol=1e-6)
    twice = other_hand(result)
    assert twice[DENSEPOSE_PARTS].numpy().tolist() == [list(range(24))]


@pytest.mark.parametrize("compressed", [True, False])
def test_reading_tables(tmp_path: Path, compressed: bool) -> None:
    found = read_mat(str(mat_tables.write(tmp_path / "t.mat", compressed=compressed)))
    assert set(found) == {"U_transforms", "V_transforms"}
    tables = found["V_transforms"]
    assert isinstance(tables, list)
    assert [table.shape for table in tables] == [(256, 256)] * 24
    np.testing.assert_array_equal(tables[3][:, 7], 255 - np.arange(256) // 2)


def test_what_is_wrong_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.mat"

    def problem() -> str:
        monkeypatch.setenv("CFGTOOL_DENSEPOSE_SYMMETRY", str(path))
        return symmetry_problem() or ""

    assert "cannot be read" in problem()
    path.write_bytes(b"no such thing")
    assert "is not a MATLAB file" in problem()
    mat_tables.write(path, parts=3)
    assert "each of 24 parts is missing" in problem()
    mat_tables.write(path, side=8)
    assert "are not 256 x 256" in problem()
    whole = mat_tables.write(path, compressed=False).read_bytes()
    for length in (130, 200, len(whole) - 5):
        path.write_bytes(whole[:length])
        assert "damaged" in problem() or "missing" in problem()


def test_mirroring_needs_the_file(
    monkeypatch: pytest.MonkeyPatch, read_message: Callable[[str, str], Config]
) -> None:
    monkeypatch.delenv("CFGTOOL_DENSEPOSE_SYMMETRY", raising=False)
    for name, refused in (
        ("random_horizontal_flip", True),
        ("random_vertical_flip", True),
        ("autoaugment_image", True),
        ("random_rotation90", False),
        ("random_crop_image", False),
    ):
        config = read_message(f"data_augmentation_options {{ {name} {{ }} }}", "TrainConfig")
        found = list(augment.augmentation_problems(config, dense_pose=True))
        assert bool(found) == refused
        assert list(augment.augmentation_problems(config)) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({keys.DENSEPOSE_NUM: [2, 0]}, "densepose/num' has 2 values for 3 boxes"),
        ({keys.DENSEPOSE_X: [0.5]}, "densepose/x' has 1 values, and .* says 5"),
        ({keys.DENSEPOSE_PART: [1, 2, 3, 4, 24]}, "part '24' is not in 0..23"),
        ({keys.TRACK: [1]}, "track/label' has 1 values for 3 boxes"),
        ({keys.KEYPOINT_DEPTH: [0.5]}, "keypoint/z' has 1 values for 9 keypoints"),
    ],
)
def test_records_that_do_not_fit(
    tmp_path: Path, pipeline: Pipeline, change: dict[str, Any], message: str
) -> None:
    record, label_map = full_records.write(tmp_path, change)
    reader = (
        "load_dense_pose: true load_track_id: true num_keypoints: 3 load_keypoint_depth_features: true"
        " shuffle: false max_number_of_boxes: 6"
    )
    config = pipeline(record, label_map=label_map, batch=1, reader=reader)
    with pytest.raises(UserError, match=message):
        next(checked(training_batches(config), config.message("train_input_reader")))
