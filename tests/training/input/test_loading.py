"""Readers and models that must go together, keypoints by their texts, masks for metrics, and sizes left free."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import full_records
import numpy as np
import pytest
import tensorflow as tf

from cfgtool.data import keys
from cfgtool.errors import UserError
from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse
from cfgtool.training.input.pipeline import evaluation_batches, input_problems, training_batches
from cfgtool.training.input.read_errors import checked

Pipeline = Callable[..., Config]
READER = 'train_input_reader { %s tf_record_input_reader { input_path: "a" } } train_config { batch_size: 1 }'
RESIZER = "image_resizer { fixed_shape_resizer { height: 8 width: 8 } }"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (
            "faster_rcnn { second_stage_box_predictor { mask_rcnn_box_predictor { predict_instance_masks: true } } %s }",
            "load_instance_masks",
        ),
        ("faster_rcnn { context_config { } %s }", "load_context_features"),
        ("center_net { mask_estimation_task { } %s }", "load_instance_masks"),
        ("center_net { deepmac_mask_estimation { } %s }", "load_instance_masks"),
        ("center_net { densepose_estimation_task { } %s }", "load_dense_pose"),
        ("center_net { track_estimation_task { } %s }", "load_track_id"),
        ("center_net { keypoint_estimation_task { } %s }", "num_keypoints"),
        (
            "center_net { keypoint_estimation_task { predict_depth: true } %s }",
            "load_keypoint_depth_features",
        ),
    ],
)
def test_what_the_model_learns_from_must_be_loaded(model: str, name: str) -> None:
    def problems(reader: str) -> dict[str, str]:
        return dict(input_problems(read_config(parse(f"model {{ {model % RESIZER} }} {READER % reader}"))))

    field = f"train_input_reader.{name}"
    assert "must be set" in problems("")[field]
    value = "3" if name == "num_keypoints" else "true"
    keypoints = "num_keypoints: 3" if "depth" in name else ""
    assert field not in problems(f"{name}: {value} {keypoints}")


def test_tasks_that_deepmac_drops_need_nothing() -> None:
    model = f"center_net {{ deepmac_mask_estimation {{ }} track_estimation_task {{ }} {RESIZER} }}"
    config = read_config(parse(f"model {{ {model} }} {READER % 'load_instance_masks: true'}"))
    assert input_problems(config) == []


def test_temporal_offsets_come_from_nowhere() -> None:
    model = f"center_net {{ temporal_offset_task {{ }} {RESIZER} }}"
    problems = dict(input_problems(read_config(parse(f"model {{ {model} }} {READER % ''}"))))
    assert "no reader loads" in problems["model.center_net.temporal_offset_task"]


@pytest.mark.parametrize(
    ("reader", "field", "message"),
    [
        ("load_context_features: true", "load_context_features", "needs a 'context_config'"),
        ("load_keypoint_depth_features: true", "load_keypoint_depth_features", "need 'num_keypoints'"),
        (
            "use_keypoint_label_map: true",
            "use_keypoint_label_map",
            "needs 'num_keypoints' and a 'label_map_path'",
        ),
        ("input_type: INPUT_DEFAULT", "input_type", "says nothing"),
        ("frame_index: -2", "frame_index", "from 0, or -1"),
    ],
)
def test_readers_that_ask_for_what_is_not_there(
    pipeline: Pipeline, reader: str, field: str, message: str
) -> None:
    problems = dict(input_problems(pipeline("a", reader=reader, batch=1)))
    assert message in problems[f"train_input_reader.{field}"]


def test_all_that_is_wrong_is_told_at_once(pipeline: Pipeline) -> None:
    config = pipeline("a", reader="load_context_features: true load_keypoint_depth_features: true", batch=1)
    with pytest.raises(UserError, match="context_config.*and also .*need 'num_keypoints'"):
        training_batches(config)


LABELS = """
item { id: 2 name: "/m/b" keypoints { id: 0 label: "nose" } keypoints { id: 2 label: "tail" } }
item { id: 3 name: "/m/c" keypoints { id: 1 label: "ear" } }
item { id: 4 name: "/m/d" }
"""


@pytest.fixture
def labelled(tmp_path: Path, pipeline: Pipeline) -> Callable[..., Config]:
    """Three keypoints by the label map; the records have two of each object, one of which is unknown."""

    def make(texts: list[bytes], labels: str = LABELS, reader: str = "") -> Config:
        points = {
            keys.KEYPOINT_Y: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
            keys.KEYPOINT_X: [0.5] * 6,
            keys.KEYPOINT_VISIBILITY: [2, 2, 2, 0, 2, 1],
            keys.KEYPOINT_TEXT: texts,
            keys.KEYPOINT_DEPTH: [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            keys.KEYPOINT_DEPTH_WEIGHT: [],
        }
        record, _ = full_records.write(tmp_path, points | {keys.TEXT: [b"/m/b", b"/m/c", b"/m/d"]})
        path = tmp_path / "keypoints.pbtxt"
        path.write_text(labels)
        reader = (
            f"num_keypoints: 3 use_keypoint_label_map: true shuffle: false max_number_of_boxes: 4 {reader}"
        )
        return pipeline(record, label_map=path, reader=reader, batch=1)

    return make


def test_keypoints_by_their_texts(labelled: Callable[..., Config]) -> None:
    config = labelled([b"tail", b"nose"] * 3, reader="load_keypoint_depth_features: true")
    batch = next(training_batches(config).as_numpy_iterator())
    visible = [[True, False, True], [False, False, True], [True, False, True]]
    assert batch["keypoint_visibilities"][0, :3].tolist() == visible
    places = batch["keypoints"][0, :3, :, 0]
    np.testing.assert_allclose(
        places, [[0.2, np.nan, 0.1], [np.nan, np.nan, 0.3], [0.6, np.nan, 0.5]], rtol=1e-6
    )
    np.testing.assert_allclose(batch["keypoint_depths"][0, :3], [[2, 0, 1], [4, 0, 3], [6, 0, 5]])
    assert not batch["keypoint_depth_weights"].any()


def test_texts_that_the_label_map_lacks_are_left_out(labelled: Callable[..., Config]) -> None:
    batch = next(training_batches(labelled([b"ear", b"horn"] * 3)).as_numpy_iterator())
    assert batch["keypoint_visibilities"][0, :3].tolist() == [[False, True, False]] * 3


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ('item { id: 2 name: "/m/b" }', "has no keypoints"),
        ('item { id: 2 name: "b" keypoints { id: 3 label: "x" } }', "id '3', and num_keypoints is '3'"),
        (LABELS + 'item { id: 5 name: "e" keypoints { id: 1 label: "nose" } }', "has the ids 0 and 1"),
    ],
)
def test_label_maps_that_name_no_such_keypoints(
    labelled: Callable[..., Config], labels: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        training_batches(labelled([b"nose"] * 6, labels))


def test_too_few_texts(labelled: Callable[..., Config]) -> None:
    config = labelled([b"nose"] * 4)
    with pytest.raises(UserError, match="keypoint/y' has 6 values, and .* has 4|has 4 values for 3 boxes"):
        next(checked(training_batches(config), config.message("train_input_reader")))


MASKS = "load_instance_masks: true mask_type: PNG_MASKS max_number_of_boxes: 6"


def test_metrics_of_masks_get_the_stored_masks(tmp_path: Path, pipeline: Pipeline) -> None:
    """At the size of each image, only the rows that there are."""
    record, label_map = full_records.write(tmp_path)
    common: dict[str, Any] = {"label_map": label_map, "batch": 3, "eval_reader": MASKS}
    config = pipeline(record, eval_config='metrics_set: "coco_mask_metrics"', **common)
    elements = list(evaluation_batches(config).as_numpy_iterator())
    assert [len(element["element"]) for element in elements] == [1, 1, 1]
    for number, element in enumerate(elements):
        count = int(element["num_boxes"][0])
        assert element["original_masks"].shape == (1, count, full_records.HEIGHT, full_records.WIDTH)
        assert element["masks"].shape == (1, 6, 64, 96)
        stored = full_records.features(number)[keys.MASK]
        for row, png in enumerate(stored):
            np.testing.assert_array_equal(element["original_masks"][0, row], tf.io.decode_png(png)[..., 0])
    plain = pipeline(record, **common)
    (batch,) = evaluation_batches(plain).as_numpy_iterator()
    assert "original_masks" not in batch
    assert len(batch["element"]) == 3


@pytest.mark.parametrize("evaluation", [False, True])
def test_images_of_free_size_go_one_by_one(tmp_path: Path, pipeline: Pipeline, evaluation: bool) -> None:
    record, label_map = full_records.write(tmp_path, full_records.tall_image())
    resizer = "keep_aspect_ratio_resizer { min_dimension: 30 max_dimension: 48 }"
    config = pipeline(
        record, label_map=label_map, batch=1, resizer=resizer, reader="shuffle: false", eval_reader=""
    )
    batches = evaluation_batches(config) if evaluation else training_batches(config).take(3)
    shapes = [
        (batch["image"].shape, batch["true_image_shape"].tolist()) for batch in batches.as_numpy_iterator()
    ]
    assert shapes == [
        ((1, 48, 24, 3), [[48, 24, 3]]),
        ((1, 30, 40, 3), [[30, 40, 3]]),
        ((1, 30, 40, 3), [[30, 40, 3]]),
    ]
