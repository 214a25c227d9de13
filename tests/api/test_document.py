"""The Python interface: what the documentation promises, value by value."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format, text_format

import cfgtool
from cfgtool.schema.descriptors import message_class

TEXT = """\
# A detector.
model {
  ssd {
    num_classes: 3
    image_resizer { fixed_shape_resizer { height: 320 width: 320 } }
    feature_extractor { type: "ssd_mobilenet_v2_keras" depth_multiplier: 0.7 }
  }
}
train_config {
  batch_size: 8  # fits
  fine_tune_checkpoint_version: V2
  data_augmentation_options { random_horizontal_flip { } }
  data_augmentation_options { random_crop_image { overlap_thresh: 0.3 } }
}
eval_input_reader { shuffle: true }
eval_input_reader { shuffle: false }
"""


@pytest.fixture
def config() -> cfgtool.ConfigDocument:
    return cfgtool.loads(TEXT)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("train_config.batch_size", 8),
        ("train_config.fine_tune_checkpoint_version", "V2"),
        ("train_config.num_steps", 0),
        ("model.ssd.feature_extractor.depth_multiplier", 0.7),
        ("model.ssd.feature_extractor.type", "ssd_mobilenet_v2_keras"),
        ("model.ssd.image_resizer", {"fixed_shape_resizer": {"height": 320, "width": 320}}),
        ("eval_input_reader[1].shuffle", False),
        ("eval_input_reader[-1].shuffle", False),
        ("eval_input_reader[*].shuffle", [True, False]),
        ("eval_input_reader", [{"shuffle": True}, {"shuffle": False}]),
        ("eval_config.metrics_set", []),
    ],
)
def test_values(config: cfgtool.ConfigDocument, path: str, value: object) -> None:
    assert config.get(path) == value
    assert config[path] == value


def test_every_value_is_that_of_protobuf(config: cfgtool.ConfigDocument) -> None:
    message = text_format.Parse(TEXT, message_class("TrainEvalPipelineConfig")())
    expected: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    assert {name: config[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("train_config.batchsize", "did you mean 'batch_size'"),
        ("train_config.batch_size.x", "has no fields"),
        ("eval_input_reader[7].shuffle", "has no element 7"),
        ("train_config[0]", "is not repeated"),
    ],
)
def test_paths_that_lead_nowhere(config: cfgtool.ConfigDocument, path: str, complaint: str) -> None:
    with pytest.raises(cfgtool.UserError, match="cannot get") as caught:
        config.get(path)
    assert complaint in str(caught.value)


def test_places(config: cfgtool.ConfigDocument) -> None:
    place = config.place("train_config.batch_size")
    assert place is not None
    assert (TEXT[place.start : place.end], place.line, place.column) == ("8", 10, 15)
    last = config.place("eval_input_reader[-1]")
    assert last is not None
    assert TEXT[last.start : last.end] == "{ shuffle: false }"
    inner = config.place("train_config.data_augmentation_options[1].random_crop_image.overlap_thresh")
    assert inner is not None
    assert TEXT[inner.start : inner.end] == "0.3"
    assert config.place("train_config.num_steps") is None
    assert config.is_set("train_config")
    assert not config.is_set("eval_config")


def test_lint_and_fix() -> None:
    config = cfgtool.loads("train_config { batch_sise: 8 sync_replicas: true }\n")
    findings = config.lint(select=["CFG0", "CFG105"])
    assert [(finding.code, config.position(finding.start)) for finding in findings] == [
        ("CFG030", (1, 16)),
        ("CFG105", (1, 30)),
    ]
    fixed = config.fix(select=["CFG105"])
    assert fixed.text == "train_config { batch_sise: 8 }\n"
    assert config.text == "train_config { batch_sise: 8 sync_replicas: true }\n"
    assert findings[0].fix is not None
    assert config.edit(findings[0].fix.edits).text == "train_config { batch_size: 8 sync_replicas: true }\n"
    with pytest.raises(cfgtool.UserError, match="no rule 'CFG9999'"):
        config.lint(select=["CFG9999"])


VALUES: dict[str, Any] = {
    "train_config.batch_size": 4,
    "train_config.fine_tune_checkpoint": 'C:\\new "x" \u00e9',
    "train_config.fine_tune_checkpoint_version": "V1",
    "train_config.sync_replicas": True,
    "train_config.gradient_clipping_by_norm": 2.5,
    "model.ssd.image_resizer.keep_aspect_ratio_resizer": {
        "min_dimension": 1,
        "per_channel_pad_value": [0.5, 1],
    },
    "eval_config.metrics_set": ["coco_detection_metrics", "pascal_voc_detection_metrics"],
    "eval_input_reader[0].shuffle": False,
}


@pytest.mark.parametrize("path", VALUES)
def test_what_is_set_is_what_is_got(config: cfgtool.ConfigDocument, path: str) -> None:
    changed = config.set({path: VALUES[path]})
    assert changed[path] == VALUES[path]
    assert changed.text.count("#") == TEXT.count("#")
    text_format.Parse(changed.text, message_class("TrainEvalPipelineConfig")())


def test_several_values_are_set_or_none(config: cfgtool.ConfigDocument) -> None:
    changed = config.set(VALUES)
    for path, value in VALUES.items():
        assert changed[path] == value
    appended = config.set({"train_config.freeze_variables+": "a"}).set(
        {"train_config.freeze_variables+": "b"}
    )
    assert appended["train_config.freeze_variables"] == ["a", "b"]
    maps = config.set({"eval_config.parameterized_metric": {"coco_keypoint_metrics": {
        "class_label": "person", "keypoint_label_to_sigmas": {"nose": 0.5, "eye": 1.0}}}})  # fmt: skip
    assert maps["eval_config.parameterized_metric"][0]["coco_keypoint_metrics"][
        "keypoint_label_to_sigmas"
    ] == {
        "nose": 0.5,
        "eye": 1.0,
    }


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("train_config.batch_size", "many", "takes"),
        ("train_config.batch_size", 1.5, "takes"),
        ("train_config.batch_size", [1], "one value"),
        ("train_config.fine_tune_checkpoint_version", "V9", "V9"),
        ("train_config.optimizer", {"adam": {}}, "has no field 'adam'"),
        ("train_config.nothing", 1, "has no field"),
        ("train_config.num_steps", object(), "cannot be written"),
    ],
)
def test_values_that_a_field_does_not_take(
    config: cfgtool.ConfigDocument, path: str, value: object, complaint: str
) -> None:
    with pytest.raises(cfgtool.UserError) as caught:
        config.set({path: value})
    assert complaint in str(caught.value)


def test_unset_migrate_and_format(config: cfgtool.ConfigDocument) -> None:
    assert not config.unset("train_config.batch_size").is_set("train_config.batch_size")
    migrated, report = cfgtool.loads("train_config { from_detection_checkpoint: true }").migrate()
    assert not migrated.is_set("train_config.from_detection_checkpoint")
    assert report.done
    assert cfgtool.loads("train_config{batch_size:8}").format().text == "train_config { batch_size: 8 }\n"
    with pytest.raises(cfgtool.UserError):
        cfgtool.loads("train_config {").format()


def test_saving(tmp_path: Path, config: cfgtool.ConfigDocument) -> None:
    path = tmp_path / "pipeline.config"
    with pytest.raises(cfgtool.UserError, match="no file to save to"):
        config.save()
    config.save(path)
    loaded = cfgtool.load(path)
    assert (loaded.text, loaded.path) == (TEXT, str(path))
    loaded.set({"train_config.batch_size": 2}).save()
    assert cfgtool.load(path)["train_config.batch_size"] == 2
    with pytest.raises(cfgtool.UserError, match="exists already"):
        config.save(path)
    config.save(path, overwrite=True)
    assert path.read_text() == TEXT


def test_bytes_survive(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbfmodel { }\r\n# \xff\r\n"
    path = tmp_path / "odd.config"
    path.write_bytes(data)
    cfgtool.load(path).save(tmp_path / "copy.config")
    assert (tmp_path / "copy.config").read_bytes() == data
    assert str(cfgtool.loads(data)) == cfgtool.load(path).text


def test_label_maps() -> None:
    labels = cfgtool.loads("item { id: 1 name: 'cat' }\nitem { id: 2 name: 'dog' }\n")
    assert labels["item[*].name"] == ["cat", "dog"]
    assert labels.set({"item[1].name": "cow"})["item[1].name"] == "cow"


def test_it_is_light() -> None:
    code = (
        "import sys, cfgtool; before = set(sys.modules); assert 'cfgtool.document' not in before;"
        "c = cfgtool.loads('train_config { batch_size: 8 }'); c.lint(); c.fix(); c.migrate(); c.format();"
        "c.set({'train_config.batch_size': 2}); print([m for m in ('tensorflow', 'numpy', 'google.protobuf') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert set(cfgtool.__all__) <= set(dir(cfgtool))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        cfgtool.nothing  # noqa: B018
