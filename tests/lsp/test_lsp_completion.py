"""What is offered at the cursor of half-written texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsp_texts import ROOT, at_cursor

from cfgtool.lsp.completion import Item, complete
from cfgtool.schema import load


def labels(marked: str, **how: object) -> list[str]:
    return [item.label for item in items(marked, **how)]


def items(marked: str, *, snippets: bool = False, **how: object) -> list[Item]:
    text, offset = at_cursor(marked, **how)  # type: ignore[arg-type]
    return complete(text, offset, snippets)


FIELDS = [
    ("|", "TrainEvalPipelineConfig", []),
    ("mo|", "TrainEvalPipelineConfig", []),
    ("model { ssd { | } }", "Ssd", []),
    ("model {\n  ssd {\n    |", "Ssd", []),
    ("model {\n  ssd {\n    box_coder {\n    }\n    |\n\ntrain_config {\n}\n", "Ssd", ["box_coder"]),
    ("train_config {\n  batch_size: 4\n  ba|\n  num_steps: 3\n}", "TrainConfig", ["batch_size", "num_steps"]),
    ("train_config {\n  foo\n  |\n}", "TrainConfig", []),
    ("train_config {\n  batch_|size: 4\n}", "TrainConfig", []),
    ("train_config <\n  |\n>", "TrainConfig", []),
    ("train_config {\r\n  |\r\n}\r\n", "TrainConfig", []),
    ("\ufefftrain_config {\n  |\n}\n", "TrainConfig", []),
    ("train_config { optimizer: [ { | } ] }", "Optimizer", []),
    ("eval_input_reader { shuffle: false; | }", "InputReader", ["shuffle"]),
    ("eval_input_reader: [{ shuffle: true }, { | }]", "InputReader", []),
    ('# 𝄞 "\nmodel { ssd { num_classes: 3, | } }', "Ssd", ["num_classes"]),
]


@pytest.mark.parametrize(("marked", "message", "present"), FIELDS, ids=[row[0] for row in FIELDS])
def test_fields_of_the_block_that_are_not_there_yet(marked: str, message: str, present: list[str]) -> None:
    expected = set(load().messages[message].fields) - set(present)
    assert set(labels(marked)) == expected


def test_repeated_fields_can_come_again() -> None:
    assert "data_augmentation_options" in labels("train_config { data_augmentation_options { } | }")


def test_a_chosen_oneof_excludes_its_other_members() -> None:
    offered = labels("train_config { optimizer { adam_optimizer { } | } }")
    assert "momentum_optimizer" not in offered
    assert "use_moving_average" in offered


def test_deprecated_fields_come_last_and_are_marked() -> None:
    offered = items("train_config { | }")
    marks = [item.deprecated for item in offered]
    assert any(marks)
    assert marks == sorted(marks)


def test_a_field_tells_its_type_default_and_meaning() -> None:
    batch = next(item for item in items("train_config { batch| }") if item.label == "batch_size")
    assert batch.detail == "uint32 = 32"
    assert batch.doc
    assert (batch.start, batch.end, batch.text) == (15, 20, "batch_size: ")


@pytest.mark.parametrize(
    ("marked", "label", "snippets", "text"),
    [
        ("tr|", "train_config", True, "train_config {\n  $0\n}"),
        ("tr|", "train_config", False, "train_config { }"),
        ("tr| {\n}", "train_config", True, "train_config"),
        ("train_config { num| }", "num_steps", True, "num_steps: $0"),
        ("train_config { num|: 3 }", "num_steps", True, "num_steps"),
        ("train_config { fine| }", "fine_tune_checkpoint", True, 'fine_tune_checkpoint: "$0"'),
        ("train_config { fine| }", "fine_tune_checkpoint", False, 'fine_tune_checkpoint: ""'),
    ],
)
def test_what_is_inserted(marked: str, label: str, snippets: bool, text: str) -> None:
    found = next(item for item in items(marked, snippets=snippets) if item.label == label)
    assert found.text == text
    assert found.snippet is ("$0" in text or (snippets and "{" not in marked and ":" not in marked))


CONV = "model { ssd { feature_extractor { conv_hyperparams { activation: "


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        (CONV + "| } } } }", ["NONE", "RELU", "RELU_6", "SWISH"]),
        (CONV + "RE|\n", ["NONE", "RELU", "RELU_6", "SWISH"]),
        (CONV.removesuffix(": ") + " RE| } } } }", ["NONE", "RELU", "RELU_6", "SWISH"]),
        ("model { ssd { add_background_class: |\n } }", ["true", "false"]),
        ("train_config { fine_tune_checkpoint_version: | }", ["UNKNOWN", "V1", "V2"]),
        ("train_config { batch_size: | }", []),
        ("train_config { no_such_field: | }", []),
    ],
)
def test_values_without_quotes(marked: str, expected: list[str]) -> None:
    assert labels(marked) == expected


def test_the_default_is_named() -> None:
    assert [item.label for item in items(CONV + "| } } } }") if item.detail == "default"] == ["RELU"]


EXTRACTOR = "model {{ {} {{ feature_extractor {{ type: '{}|' }} }} }}"


@pytest.mark.parametrize(
    ("architecture", "typed", "first", "absent"),
    [
        ("ssd", "", "ssd_mobilenet_v1_keras", "faster_rcnn_resnet50_keras"),
        ("ssd", "ssd_", "ssd_mobilenet_v1_keras", "hourglass_104"),
        ("ssd", "ssd_inception_v2", "ssd_inception_v2", "faster_rcnn_nas"),
        ("faster_rcnn", "", "faster_rcnn_resnet50_keras", "ssd_mobilenet_v2_keras"),
        ("center_net", "", "resnet_v2_50", "ssd_mobilenet_v2_keras"),
    ],
)
def test_types_of_feature_extractors(architecture: str, typed: str, first: str, absent: str) -> None:
    offered = labels(EXTRACTOR.format(architecture, typed))
    assert offered[0] == first
    assert absent not in offered


def test_a_target_leaves_types_of_its_generation_only() -> None:
    both = labels(EXTRACTOR.format("ssd", ""))
    assert {"ssd_mobilenet_v2_keras", "ssd_mobilenet_v2"} <= set(both)
    assert "ssd_mobilenet_v2" not in labels(EXTRACTOR.format("ssd", ""), target="tf2")
    assert "ssd_mobilenet_v2_keras" not in labels(EXTRACTOR.format("ssd", ""), target="tf1")


@pytest.mark.parametrize(
    "marked",
    [
        'eval_config { metrics_set: "|" }',
        'eval_config { metrics_set: ["coco_mask_metrics", "co|"] }',
        'eval_config { metrics_set: "|',
    ],
)
def test_metrics(marked: str) -> None:
    offered = labels(marked)
    assert "coco_detection_metrics" in offered
    assert "coco_metrics" not in offered, "a name that it lost"
    assert "coco_keypoint_metrics" not in offered, "fails in TF2"


def test_restore_types() -> None:
    marked = "train_config { fine_tune_checkpoint_type: '|' }"
    assert labels(marked) == ["classification", "detection", "full"]
    assert labels(marked, target="tf1") == ["classification", "detection"]


@pytest.mark.parametrize(
    "marked",
    [
        "train_config { # ba|",
        "# |",
        "unknown { | }",
        "train_config { unknown { ba| } }",
        'train_config { freeze_variables: "|" }',
        "[some.ext] { | }",
    ],
)
def test_nothing_is_offered(marked: str) -> None:
    assert labels(marked) == []


def test_label_maps(tmp_path: Path) -> None:
    new = tmp_path / "label_map.pbtxt"
    assert labels("|", path=new) == ["item"]
    assert labels("item { id: 1 | }", path=new) == [
        "name",
        "display_name",
        "keypoints",
        "ancestor_ids",
        "descendant_ids",
        "frequency",
        "instance_count",
    ]
    assert "name" in labels("item { id: 1 }\nitem { | }\nite", path=None)


# Paths


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names = [
        "map.pbtxt",
        "train-00000-of-00002",
        "train-00001-of-00002",
        "val.record",
        "pipeline.config",
        "ckpt-1.index",
        "ckpt-1.data-00000-of-00001",
        "checkpoint",
        ".hidden.record",
        "quote'.record",
    ]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "ckpt-2.index").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ('train_config { fine_tune_checkpoint: "{}|" }', ["ckpt-1", "deeper/"]),
        ('train_config { fine_tune_checkpoint: "{}deeper/|" }', ["ckpt-2"]),
        ('train_config { fine_tune_checkpoint: "{}ck|', ["ckpt-1", "deeper/"]),
        ("eval_input_reader { label_map_path: '{}ma|p.pbtxt' }", ["map.pbtxt", "deeper/"]),
        (
            'train_input_reader { tf_record_input_reader { input_path: ["a", "{}|"] } }',
            ["val.record", "train-?????-of-00002", "deeper/"],
        ),
        (
            'train_input_reader { tf_record_input_reader { input_path: "{}.|" } }',
            [".hidden.record", "val.record", "train-?????-of-00002", "deeper/"],
        ),
        ('train_config { fine_tune_checkpoint: "{}nowhere/|" }', []),
        ('train_config { fine_tune_checkpoint: "gs://bucket/|" }', []),
        ('train_config { fine_tune_checkpoint: "C:\\\\models\\\\|" }', []),
    ],
)
def test_paths_absolute(folder: Path, marked: str, expected: list[str]) -> None:
    assert labels(marked.replace("{}", f"{folder}/"), path=None) == expected


def test_paths_start_beside_the_config_and_in_the_current_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked = 'train_config { fine_tune_checkpoint: "deeper/|" }'
    assert labels(marked, path=folder / "pipeline.config") == ["ckpt-2"]
    assert labels(marked, path=ROOT / "pipeline.config") == []
    monkeypatch.chdir(folder)
    assert labels(marked, path=ROOT / "pipeline.config") == ["ckpt-2"]


def test_a_path_replaces_what_follows_its_last_slash(folder: Path) -> None:
    text = f'train_config {{ fine_tune_checkpoint: "{folder}/ckp|t-9" }}'
    found = items(text, path=None)[0]
    assert text.replace("|", "")[found.start : found.end] == "ckpt-9"
