"""The input pipeline: what a batch holds, the same order on every resume, and mistakes of the data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.data import keys, objects
from cfgtool.data.example import decode_example, encode_example
from cfgtool.data.label_map import read_label_map
from cfgtool.data.tfrecord import read_records, write_records
from cfgtool.errors import UserError
from cfgtool.schema import Config
from cfgtool.training.input.decode import Decoder
from cfgtool.training.input.fields import Fields
from cfgtool.training.input.pipeline import evaluation_batches, input_problems, training_batches
from cfgtool.training.input.read_errors import checked, explain

Pipeline = Callable[..., Config]
AUGMENT = "random_horizontal_flip { };ssd_random_crop { };random_adjust_hue { }"


@pytest.fixture
def shapes(fixtures: Path, pipeline: Pipeline) -> Callable[..., Config]:
    folder = fixtures / "shapes"

    def make(**options: Any) -> Config:
        return pipeline(folder / "shapes_val.record", label_map=folder / "shapes_label_map.pbtxt", **options)

    return make


def _take(dataset: tf.data.Dataset, count: int) -> list[dict[str, Any]]:
    return list(islice(dataset.as_numpy_iterator(), count))


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


@pytest.mark.reference
def test_decoding_is_that_of_the_od_api(shared: Path) -> None:
    """Pixels bit for bit; boxes and labels as recorded."""
    folder = shared / "oracle/golden/curves"
    facts = json.loads((folder / "pets_decoded.json").read_text())["images"]
    pixels = np.load(folder / "pets_decoded.npz")
    decode = Decoder(read_label_map(str(shared / "corpus/label_maps/pet_label_map.pbtxt")), Fields(37))
    records = list(read_records(str(shared / "corpus/records/pets_examples.record")))
    assert len(records) == len(facts) == 10
    for index, (record, fact) in enumerate(zip(records, facts, strict=True)):
        example = decode(tf.constant(record))
        assert np.array_equal(example["image"], pixels[f"image_{index}"])
        assert example["source_id"].numpy().decode() == fact["source_id"]
        assert list(example["classes"].numpy()) == fact["labels"]
        corners = [fact[name] for name in ("ymin", "xmin", "ymax", "xmax")]
        assert np.array_equal(example["boxes"], np.transpose(corners).astype(np.float32))


@pytest.mark.reference
def test_batch_of_the_reference_curve(shared: Path, pipeline: Pipeline) -> None:
    """The batch that the reference loss curves were computed on."""
    facts = json.loads((shared / "oracle/golden/curves/ssd_mobilenet_v2_fpnlite.json").read_text())["input"]
    config = pipeline(
        shared / "corpus/records/pets_examples.record",
        label_map=shared / "corpus/label_maps/pet_label_map.pbtxt",
        classes=37,
        batch=10,
        resizer="fixed_shape_resizer { height: 320 width: 320 }",
        reader="shuffle: false",
    )
    (batch,) = _take(training_batches(config), 1)
    boxes, classes = np.asarray(facts["boxes"]), np.asarray(facts["classes"])
    np.testing.assert_allclose(batch["boxes"][:, :1].reshape(-1), boxes.reshape(-1), atol=1e-6)
    assert np.array_equal(batch["classes"][:, 0], classes.reshape(-1))


def test_what_a_training_batch_holds(shapes: Pipeline) -> None:
    batch = _take(training_batches(shapes(augment=AUGMENT)), 1)[0]
    described = {name: (value.dtype.name, value.shape) for name, value in batch.items()}
    assert described == {
        "image": ("float32", (4, 64, 96, 3)),
        "true_image_shape": ("int32", (4, 3)),
        "boxes": ("float32", (4, 100, 4)),
        "classes": ("int32", (4, 100)),
        "weights": ("float32", (4, 100)),
        "num_boxes": ("int32", (4,)),
        "source_id": ("object", (4,)),
        "element": ("int64", (4,)),
    }
    assert -1 <= batch["image"].min() < -0.5 < 0.5 < batch["image"].max() <= 1
    for row in range(4):
        count = batch["num_boxes"][row]
        assert np.all(batch["classes"][row, count:] == -1)
        assert np.all((batch["classes"][row, :count] >= 0) & (batch["classes"][row, :count] < 4))
        assert np.all(batch["weights"][row] == (np.arange(100) < count))
        assert np.all(batch["boxes"][row, count:] == 0)


def test_static_shapes(shapes: Pipeline) -> None:
    specs = training_batches(shapes(augment=AUGMENT)).element_spec
    assert all(spec.shape.is_fully_defined() for spec in specs.values())


@pytest.mark.parametrize(
    "options", [{}, {"reader": "sample_1_of_n_examples: 3"}, {"reader": "shuffle: false"}]
)
def test_a_resumed_run_sees_the_same_batches(shapes: Pipeline, options: dict[str, str]) -> None:
    """40 records, 4 a batch: batches 8 to 12 cross the end of an epoch."""
    config = shapes(augment=AUGMENT, **options)
    whole = _take(training_batches(config, seed=5), 13)
    for start in (1, 8, 10):
        resumed = _take(training_batches(config, seed=5, start_batch=start), 2)
        assert all(_same(*pair) for pair in zip(whole[start : start + 2], resumed, strict=True))


def test_epochs_hold_each_record_once_in_changing_order(shapes: Pipeline) -> None:
    batches = _take(training_batches(shapes(batch=8), seed=1), 10)
    names = np.concatenate([batch["source_id"] for batch in batches]).tolist()
    epochs = names[:40], names[40:]
    assert len(set(epochs[0])) == 40
    assert sorted(epochs[0]) == sorted(epochs[1])
    assert epochs[0] != epochs[1] != sorted(epochs[1])


def test_seeds_change_order_and_augmentation(shapes: Pipeline) -> None:
    config = shapes(augment="random_horizontal_flip { }", reader="shuffle: false")
    one, other = (np.stack([b["boxes"] for b in _take(training_batches(config, seed=s), 3)]) for s in (1, 2))
    assert not np.array_equal(one, other)
    shuffled = [_take(training_batches(shapes(), seed=seed), 1)[0]["source_id"].tolist() for seed in (1, 2)]
    assert shuffled[0] != shuffled[1]


def test_workers_share_the_order(shapes: Pipeline) -> None:
    """Two workers with half the batch see together what one worker sees."""
    config = shapes(augment=AUGMENT)
    whole = _take(training_batches(config, seed=2, start_batch=1), 2)
    parts = [
        _take(training_batches(config, seed=2, start_batch=1, batch_size=2, shard=(2, index)), 2)
        for index in range(2)
    ]
    for number, batch in enumerate(whole):
        for index in range(2):
            assert np.array_equal(parts[index][number]["image"], batch["image"][index::2])


def test_weighted_sources(fixtures: Path, pipeline: Pipeline, tmp_path: Path) -> None:
    records = list(read_records(str(fixtures / "shapes/shapes_val.record")))
    paths = [tmp_path / f"{number}.record" for number in range(3)]
    for number, path in enumerate(paths):
        write_records(str(path), records[number * 2 : number * 2 + 2])
    weights = "".join(f"sample_from_datasets_weights: {weight} " for weight in (3, 1, 0))
    config = pipeline(*paths, reader=weights)
    batches = _take(training_batches(config, seed=4), 50)
    names = np.concatenate([batch["source_id"] for batch in batches]).tolist()
    shares = [sum(name == b"val_%05d" % number for name in names) / len(names) for number in range(6)]
    assert 0.65 < sum(shares[:2]) < 0.85
    assert sum(shares[4:]) == 0
    resumed = _take(training_batches(config, seed=4, start_batch=7), 1)[0]
    assert _same(resumed, batches[7])


def test_evaluation_sees_everything_once(shapes: Pipeline) -> None:
    batches = _take(evaluation_batches(shapes(), batch_size=12, keep_images=True), 9)
    valid = np.concatenate([batch["valid"] for batch in batches])
    assert (len(batches), len(valid), valid.sum()) == (4, 48, 40)
    names = np.concatenate([batch["source_id"] for batch in batches])[valid].tolist()
    assert names == sorted(names)
    assert len(set(names)) == 40
    last = batches[-1]
    assert last["valid"].tolist() == [True] * 4 + [False] * 8
    assert np.all(last["original_size"] == 128)
    assert last["original_image"].dtype == np.uint8
    assert last["original_image"].shape == (12, 64, 96, 3)
    assert np.array_equal(last["original_boxes"], last["boxes"])  # nothing was padded


def _spoilt(tmp_path: Path, fixtures: Path, change: dict[str, Any], count: int = 6) -> Path:
    """The first pictures of the drawn set, number 2 changed."""
    examples = []
    for number, record in enumerate(read_records(str(fixtures / "shapes/shapes_val.record"))):
        features = decode_example(record)
        objects_ = objects.object_count(features)
        if number == 2:
            for key, value in change.items():
                features[key] = value if isinstance(value, list) else [value] * objects_
        examples.append(encode_example({key: value for key, value in features.items() if value}))
    path = tmp_path / "spoilt.record"
    write_records(str(path), examples[:count])
    return path


def _third(config: Config) -> dict[str, Any]:
    batch = _take(training_batches(config), 1)[0]
    return {name: value[2] for name, value in batch.items()}


@pytest.mark.parametrize(
    ("change", "label_map", "kept"),
    [
        ({keys.YMIN: float("nan")}, True, False),
        ({keys.YMIN: 0.25, keys.YMAX: 0.25}, True, False),
        ({keys.TEXT: b"unicorn"}, True, False),
        ({keys.TEXT: b"unicorn"}, False, True),
        ({keys.TEXT: []}, True, True),
        ({}, True, True),
    ],
)
def test_unusable_objects_are_dropped(
    tmp_path: Path, fixtures: Path, pipeline: Pipeline, change: dict[str, Any], label_map: bool, kept: bool
) -> None:
    names = fixtures / "shapes/shapes_label_map.pbtxt" if label_map else ""
    config = pipeline(_spoilt(tmp_path, fixtures, change), label_map=names, reader="shuffle: false")
    assert (_third(config)["num_boxes"] > 0) == kept


def test_class_texts_count_before_ids(tmp_path: Path, fixtures: Path, pipeline: Pipeline) -> None:
    path = _spoilt(tmp_path, fixtures, {keys.TEXT: b"star"})
    names = fixtures / "shapes/shapes_label_map.pbtxt"
    third = _third(pipeline(path, label_map=names, reader="shuffle: false"))
    assert set(third["classes"][: third["num_boxes"]]) == {3}


def test_weights_and_box_limit(tmp_path: Path, fixtures: Path, pipeline: Pipeline) -> None:
    path = _spoilt(tmp_path, fixtures, {keys.WEIGHT: 0.25})
    third = _third(pipeline(path, reader="shuffle: false max_number_of_boxes: 2"))
    assert third["boxes"].shape == (2, 4)
    assert set(third["weights"][: third["num_boxes"]]) == {0.25}
    assert third["num_boxes"] <= 2


def test_boxes_follow_the_padding(shapes: Pipeline) -> None:
    resizer = "keep_aspect_ratio_resizer { min_dimension: 64 max_dimension: 96 pad_to_max_dimension: true }"
    plain, padded = (_take(evaluation_batches(shapes(resizer=text)), 1)[0] for text in (RESIZER, resizer))
    assert padded["image"].shape == (4, 96, 96, 3)
    assert np.all(padded["true_image_shape"] == [64, 64, 3])
    np.testing.assert_allclose(padded["boxes"], plain["boxes"] * 64 / 96, rtol=1e-6)
    np.testing.assert_allclose(padded["original_boxes"], plain["boxes"], rtol=1e-6)


RESIZER = "fixed_shape_resizer { height: 64 width: 64 }"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({keys.YMIN: 0.9, keys.YMAX: 0.1}, "minimum above its maximum"),
        ({keys.IMAGE: [b"RIFF....WEBPVP8 "]}, "WebP"),
        ({keys.IMAGE: []}, "there is no image"),
        ({keys.LABEL: [1] * 9, keys.TEXT: []}, "9 values"),
    ],
)
def test_bad_examples_stop_with_their_place(
    tmp_path: Path, fixtures: Path, pipeline: Pipeline, change: dict[str, Any], message: str
) -> None:
    config = pipeline(_spoilt(tmp_path, fixtures, change))
    batches = checked(training_batches(config), config.message("train_input_reader"))
    with pytest.raises(UserError, match=message) as caught:
        list(islice(batches, 6))
    assert caught.value.path == str(tmp_path / "spoilt.record")
    assert "record 2" in caught.value.message


def test_a_damaged_record_stops_with_its_place(tmp_path: Path, fixtures: Path, pipeline: Pipeline) -> None:
    path = _spoilt(tmp_path, fixtures, {})
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(bytes(data))
    config = pipeline(path)
    with pytest.raises(UserError, match=r"damaged \(record 5, byte"):
        list(islice(checked(training_batches(config), config.message("train_input_reader")), 6))


def test_other_errors_of_tensorflow_are_passed_on_in_words(shapes: Pipeline) -> None:
    error = tf.errors.ResourceExhaustedError(None, None, "out of memory\nmore")
    found = explain(error, shapes().message("train_input_reader"))
    assert "reading the data failed: out of memory" in str(found)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no file matches"), (b"", "has no records"), (b"text, text, text", "not a TFRecord")],
)
def test_bad_files_are_refused_before_training(
    tmp_path: Path, pipeline: Pipeline, content: bytes | None, message: str
) -> None:
    path = tmp_path / "some.record"
    if content is not None:
        path.write_bytes(content)
    for make in (training_batches, evaluation_batches):
        with pytest.raises(UserError, match=message):
            make(pipeline(path))


@pytest.mark.parametrize(
    ("options", "field", "message"),
    [
        (
            {"reader": "load_context_features: true"},
            "train_input_reader.load_context_features",
            "context_config",
        ),
        (
            {"reader": "num_keypoints: 17 keypoint_type_weight: [1, 2]"},
            "train_input_reader.keypoint_type_weight",
            "2 weights for 17 keypoints",
        ),
        (
            {
                "reader": "num_keypoints: 3",
                "augment": "random_vertical_flip { keypoint_flip_permutation: [0, 1] }",
            },
            "train_config.data_augmentation_options[0].random_vertical_flip",
            "numbers 0 to 2 once",
        ),
        (
            {"reader": "num_additional_channels: -1"},
            "train_input_reader.num_additional_channels",
            "must not be negative",
        ),
        (
            {"reader": "num_additional_channels: 1"},
            "eval_input_reader[0].num_additional_channels",
            "differs from the '1' of train_input_reader",
        ),
        (
            {"reader": "num_additional_channels: 1", "augment": "subtract_channel_mean { means: [1, 2, 3] }"},
            "train_config.data_augmentation_options[0].subtract_channel_mean",
            "needed, 4",
        ),
        (
            {
                "reader": "num_additional_channels: 1",
                "eval_reader": "num_additional_channels: 1",
                "resizer": "fixed_shape_resizer { height: 8 width: 8 convert_to_grayscale: true }",
            },
            "model",
            "no place for the 1 additional channels",
        ),
        (
            {"augment": "convert_class_logits_to_softmax { }"},
            "train_config.data_augmentation_options[0].convert_class_logits_to_softmax",
            "load_multiclass_scores",
        ),
        (
            {"reader": "input_type: INPUT_DEFAULT"},
            "train_input_reader.input_type",
            "write TF_EXAMPLE or TF_SEQUENCE_EXAMPLE",
        ),
        ({"reader": "shuffle_buffer_size: 0"}, "train_input_reader.shuffle_buffer_size", "must be positive"),
        ({"reader": "max_number_of_boxes: 0"}, "train_input_reader.max_number_of_boxes", "must be positive"),
        (
            {"reader": "sample_from_datasets_weights: [1, 2]"},
            "train_input_reader.sample_from_datasets_weights",
            "2 weights for 1 input paths",
        ),
        ({"resizer": "identity_resizer { }"}, "train_config.batch_size", "images of one size"),
        ({"resizer": "fixed_shape_resizer { height: 0 }"}, "model", "must be positive"),
    ],
)
def test_what_cannot_be_honoured(shapes: Pipeline, options: dict[str, str], field: str, message: str) -> None:
    config = shapes(**options)
    problems = dict(input_problems(config))
    assert message in problems[field]
    with pytest.raises(UserError, match=re.escape(field.partition(".")[0])):
        training_batches(config)


def test_free_sizes_with_batches_of_one(shapes: Pipeline) -> None:
    config = shapes(resizer="identity_resizer { }", batch=1)
    assert input_problems(config) == []
    assert _take(training_batches(config), 1)[0]["image"].shape == (1, 128, 128, 3)
    assert len(_take(evaluation_batches(config, batch_size=8), 50)) == 40


def test_there_must_be_a_reader(shapes: Pipeline) -> None:
    with pytest.raises(UserError, match="no evaluation reader"):
        evaluation_batches(shapes(), reader_index=1)
