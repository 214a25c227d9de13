"""Everything that a reader can load, through the whole pipeline."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import full_records
import numpy as np
import pytest
import tensorflow as tf

from cfgtool.data import keys
from cfgtool.data.label_map import read_label_map
from cfgtool.errors import UserError
from cfgtool.networks import describe
from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse
from cfgtool.training.input.decode import Decoder
from cfgtool.training.input.fields import Fields
from cfgtool.training.input.pipeline import evaluation_batches, input_problems, training_batches
from cfgtool.training.input.read_errors import checked

RECORDED = json.loads((Path(__file__).parent / "recorded/fields.json").read_text())["cases"]
EVERYTHING = (
    "load_instance_masks: true mask_type: PNG_MASKS num_keypoints: 3 load_multiclass_scores: true"
    " num_additional_channels: 2 shuffle: false max_number_of_boxes: 6"
)
Pipeline = Callable[..., Config]
# Ours -> the OD API's; classes are compared as rows of class targets.
PER_BOX = {
    "boxes": "groundtruth_boxes",
    "weights": "groundtruth_weights",
    "confidences": "groundtruth_confidences",
    "masks": "groundtruth_instance_masks",
    "keypoints": "groundtruth_keypoints",
    "keypoint_visibilities": "groundtruth_keypoint_visibilities",
    "keypoint_weights": "groundtruth_keypoint_weights",
    "group_of": "groundtruth_group_of",
}


@pytest.fixture
def full(tmp_path: Path, pipeline: Pipeline) -> Pipeline:
    """Configs for the records of `full_records`."""

    def make(change: dict[str, Any] | None = None, **options: Any) -> Config:
        record, label_map = full_records.write(tmp_path, change)
        return pipeline(record, label_map=label_map, batch=1, **options)

    return make


def _compare(ours: Any, theirs: Any, what: str) -> None:
    ours = np.asarray(ours, np.float64)
    if not isinstance(theirs, dict):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6, err_msg=what)
        return
    assert list(ours.shape) == theirs["shape"], what
    sample = ours.ravel()[:: max(1, ours.size // 50)]
    np.testing.assert_allclose(sample, theirs["sample"], rtol=0, atol=1e-5, err_msg=what)
    assert ours.sum() == pytest.approx(theirs["sum"], abs=1e-3), what


@pytest.mark.parametrize("name", RECORDED)
def test_batches_are_those_of_the_od_api(full: Pipeline, name: str) -> None:
    case, evaluation = RECORDED[name], name.endswith("eval")
    reader = f"{case['reader']} shuffle: false max_number_of_boxes: 6"
    resizer = case["resizer"] or "fixed_shape_resizer { height: 32 width: 48 }"
    config = full(reader=reader, eval_reader=reader, resizer=resizer, train_config=case["train_config"])
    make = evaluation_batches if evaluation else training_batches
    elements = list(make(config).take(3).as_numpy_iterator())
    assert len(case["examples"]) == len(elements) == 3
    for element, example in zip(elements, case["examples"], strict=True):
        _compare(element["image"], example["image"], "image")
        _compare(element["true_image_shape"], example["true_image_shape"], "true_image_shape")
        count = int(element["num_boxes"][0])
        assert count == example["num_groundtruth_boxes"][0]
        targets = element.get("class_targets", tf.one_hot(element["classes"], 4))
        _compare(targets, example["groundtruth_classes"], "classes")
        for ours, theirs in PER_BOX.items():
            if ours not in element:
                continue
            if isinstance(example[theirs], dict):
                _compare(element[ours], example[theirs], ours)
            else:  # what stands in the padding is nobody's
                _compare(element[ours][:, :count], np.asarray(example[theirs])[:, :count], ours)
        if evaluation:
            _compare(element["labeled_classes"], example["groundtruth_image_classes"], "labeled_classes")


def test_what_a_batch_with_everything_holds(full: Pipeline) -> None:
    config = full(reader=EVERYTHING, eval_reader=EVERYTHING, ssd="use_confidences_as_targets: true")
    assert input_problems(config) == []
    training, evaluation = (make(config).element_spec for make in (training_batches, evaluation_batches))
    shapes = {
        "image": [1, 64, 96, 5],
        "masks": [1, 6, 64, 96],
        "keypoints": [1, 6, 3, 2],
        "keypoint_visibilities": [1, 6, 3],
        "keypoint_weights": [1, 6, 3],
        "confidences": [1, 6, 4],
    }
    for name, shape in shapes.items():
        assert training[name].shape.as_list() == shape
        assert evaluation[name].shape.as_list()[1:] == shape[1:]
    assert training["masks"].dtype == tf.uint8
    assert {"group_of", "labeled_classes", "original_keypoints"} <= set(evaluation)
    assert not {"group_of", "labeled_classes", "original_keypoints"} & set(training)


def test_the_network_takes_the_additional_channels(full: Pipeline) -> None:
    config = full(reader=EVERYTHING, eval_reader=EVERYTHING)
    shape = next(iter(training_batches(config)))["image"].shape
    assert describe(config).input_shape == tuple(shape[1:])


def test_additional_channels_are_normalised_like_the_mean_of_the_colours(full: Pipeline) -> None:
    config = full(
        reader=EVERYTHING, eval_reader=EVERYTHING, resizer="fixed_shape_resizer { height: 24 width: 32 }"
    )
    image = next(iter(training_batches(config)))["image"].numpy()[0]
    stored = full_records.features(0)[keys.ADDITIONAL_CHANNELS]
    for place, png in enumerate(stored):
        want = tf.io.decode_png(png)[..., 0].numpy() * (2.0 / 255.0) - 1.0
        np.testing.assert_allclose(image[..., 3 + place], want, atol=1e-6)


def test_numerical_masks_are_the_same_as_images(full: Pipeline) -> None:
    png = Decoder(None, Fields(4, masks="png"))
    numerical = Decoder(None, Fields(4, masks="numerical"))
    features = full_records.features(0)
    pixels = np.stack([tf.io.decode_png(mask)[..., 0] for mask in features[keys.MASK]])
    full()  # writes the file
    from cfgtool.data.example import encode_example

    stored = {**features, keys.MASK: (pixels * 0.25).ravel().tolist()}
    stored[keys.LABEL] = [1, 2, 3]
    features[keys.LABEL] = [1, 2, 3]
    one, other = (
        decode(tf.constant(encode_example(values)))["masks"]
        for decode, values in ((png, features), (numerical, stored))
    )
    np.testing.assert_array_equal(one, pixels)
    np.testing.assert_array_equal(other, pixels)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({keys.MASK: [full_records._png(np.ones((24, 32, 1)))]}, "holds PNG images|has 1 masks for 3 boxes"),
        ({keys.MASK: [full_records._png(np.ones((4, 32, 1)))] * 3}, "a mask differs in size"),
        ({keys.KEYPOINT_X: [0.5], keys.KEYPOINT_Y: [0.5]}, "has 1 values for 3 boxes of 3 keypoints"),
        ({keys.SCORES: [0.5] * 11}, "one score per box and class"),
        ({keys.ADDITIONAL_CHANNELS: []}, "as many additional channels as num_additional_channels says, 2"),
        (
            {keys.ADDITIONAL_CHANNELS: [full_records._png(np.ones((4, 4, 1)))] * 2},
            "an additional channel differs in size from the image",
        ),
    ],
)
def test_records_that_lack_what_the_reader_loads(
    full: Pipeline, change: dict[str, Any], message: str
) -> None:
    used = "use_multiclass_scores: true"  # scores that no target needs are not even reshaped
    config = full(change, reader=EVERYTHING, eval_reader=EVERYTHING, train_config=used)
    with pytest.raises(UserError, match=message):
        next(checked(training_batches(config), config.message("train_input_reader")))


def test_equal_boxes_become_one_with_all_their_values_in_step(full: Pipeline) -> None:
    """Where the OD API leaves weights and keypoints at their old rows."""
    reader = "num_keypoints: 3 shuffle: false max_number_of_boxes: 6"
    config = full(reader=reader, train_config="merge_multiple_label_boxes: true")
    second = list(training_batches(config).take(2).as_numpy_iterator())[1]
    assert second["num_boxes"][0] == 1
    np.testing.assert_array_equal(second["class_targets"][0, 0], [0, 0, 1, 1])
    np.testing.assert_array_equal(second["weights"][0], [1, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(second["keypoint_visibilities"][0, 0], [True, False, True])
    assert not second["keypoint_visibilities"][0, 1:].any()


def test_hierarchy_repeats_everything_of_an_object(full: Pipeline, tmp_path: Path) -> None:
    """The OD API repeats boxes and leaves keypoints behind."""
    full()
    fields = Fields(4, masks="png", keypoints=3, hierarchy=True, evaluation=True)
    decode = Decoder(read_label_map(str(tmp_path / "full.pbtxt")), fields)
    from cfgtool.data.example import encode_example

    example = decode(tf.constant(encode_example(full_records.features(0))))
    np.testing.assert_array_equal(example["classes"], [1, 2, 1, 3, 4])
    for name in ("boxes", "masks", "keypoints", "group_of", "weights"):
        values = example[name].numpy()
        np.testing.assert_array_equal(values[0], values[1])
        np.testing.assert_array_equal(values[2], values[3])
        assert len(values) == 5
    np.testing.assert_array_equal(example["labeled_classes"], [1, 1, 0, 1])


def test_training_gets_the_labeled_classes_where_the_model_learns_from_them(full: Pipeline) -> None:
    text = full().document.text
    centers = """model { center_net {
      num_classes: 4 image_resizer { fixed_shape_resizer { height: 64 width: 96 } }
      feature_extractor { type: "resnet_v2_50" } object_center_params { use_labeled_classes: true }
    } }"""
    batches = training_batches(read_config(parse(f"{text} {centers}"))).take(8).as_numpy_iterator()
    found = {batch["source_id"][0]: batch["labeled_classes"][0].tolist() for batch in batches}
    assert [0, 1, 0, 1] in found.values()
    assert [1, 1, 1, 1] in found.values()
    assert len(found) == 3


def test_classes_that_are_absent_or_not_labelled_exhaustively(full: Pipeline, tmp_path: Path) -> None:
    """Ids of the label map become flags, and 0 where a record says nothing; in evaluation only."""
    full()
    from cfgtool.data import keys
    from cfgtool.data.example import encode_example

    features = full_records.features(0)
    decode = Decoder(read_label_map(str(tmp_path / "full.pbtxt")), Fields(4, evaluation=True))
    silent = decode(tf.constant(encode_example(features)))
    assert not silent["absent_classes"].numpy().any()
    told = decode(tf.constant(encode_example({**features, keys.ABSENT: [4, 1], keys.INEXHAUSTIVE: [3]})))
    np.testing.assert_array_equal(told["absent_classes"], [1, 0, 0, 1])
    np.testing.assert_array_equal(told["inexhaustive_classes"], [0, 0, 1, 0])
    config = full()
    assert evaluation_batches(config).element_spec["absent_classes"].shape.as_list()[1:] == [4]
    assert "absent_classes" not in training_batches(config).element_spec


def test_empty_label_lists_mean_none_if_the_config_says_so(full: Pipeline) -> None:
    for setting, want in (("true", 1.0), ("false", 0.0)):
        config = full(eval_config=f"image_classes_field_map_empty_to_ones: {setting}")
        elements = list(evaluation_batches(config).as_numpy_iterator())
        np.testing.assert_array_equal(elements[0]["labeled_classes"][0], [0, 1, 0, 1])
        np.testing.assert_array_equal(elements[1]["labeled_classes"][0], [want] * 4)


@pytest.mark.parametrize(
    ("options", "field", "message"),
    [
        (
            {"train_config": "use_multiclass_scores: true"},
            "train_config.use_multiclass_scores",
            "load_multiclass_scores: true",
        ),
        (
            {
                "reader": "load_multiclass_scores: true",
                "train_config": "use_multiclass_scores: true merge_multiple_label_boxes: true",
            },
            "train_config.use_multiclass_scores",
            "merge_multiple_label_boxes",
        ),
    ],
)
def test_settings_that_do_not_go_together(
    full: Pipeline, options: dict[str, str], field: str, message: str
) -> None:
    assert message in dict(input_problems(full(**options)))[field]


def test_hierarchies_need_a_label_map(tmp_path: Path, pipeline: Pipeline) -> None:
    record, _ = full_records.write(tmp_path)
    problems = dict(input_problems(pipeline(record, reader="expand_labels_hierarchy: true")))
    assert "needs a label_map_path" in problems["train_input_reader.expand_labels_hierarchy"]
