"""What a check is given: edits, and the files that the config names."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfgtool.lint.context import Context, is_placeholder
from cfgtool.schema import read_config
from cfgtool.schema.unwritten import restore_type
from cfgtool.textproto import parse
from cfgtool.textproto.edits import apply_edits

LABELS = 'item { id: 1 name: "cat" }\n'


def context(text: str, path: Path | None = None) -> Context:
    document = parse(text)
    return Context(read_config(document), document, str(path) if path else None, "tf2")


def test_files_are_looked_for_beside_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "labels.pbtxt").write_text(LABELS)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    made = context("", tmp_path / "pipeline.config")
    assert made.locate("data/labels.pbtxt") == str(tmp_path / "data" / "labels.pbtxt")
    assert made.locate("data/missing.pbtxt") is None
    assert context("").locate("data/labels.pbtxt") is None
    assert made.files("data/*.pbtxt") == [str(tmp_path / "data" / "labels.pbtxt")]
    assert made.files("data/*.record") == []


def test_the_current_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pbtxt").write_text(LABELS)
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "a.pbtxt").write_text(LABELS)
    monkeypatch.chdir(inner)
    assert context("", tmp_path / "pipeline.config").locate("a.pbtxt") == "a.pbtxt"


def test_label_map_is_read_once_or_noted(tmp_path: Path) -> None:
    (tmp_path / "a.pbtxt").write_text(LABELS)
    made = context("", tmp_path / "pipeline.config")
    labels = made.label_map("a.pbtxt")
    assert labels is not None
    assert labels is made.label_map("a.pbtxt")
    assert made.notes == []
    assert made.label_map("b.pbtxt") is None
    assert made.label_map("b.pbtxt") is None
    assert made.notes == ["not checked against the label map: label map 'b.pbtxt' is not there"]


def test_no_checkpoint_is_no_note(tmp_path: Path) -> None:
    made = context("train_config { }", tmp_path / "pipeline.config")
    assert made.checkpoint() is None
    assert made.notes == []


def test_missing_checkpoint_is_noted(tmp_path: Path) -> None:
    made = context('train_config { fine_tune_checkpoint: "zoo/ckpt-0" }', tmp_path / "pipeline.config")
    assert made.checkpoint() is None
    assert made.notes == ["not checked against the checkpoint: checkpoint 'zoo/ckpt-0' is not there"]


def test_unknown_network_is_noted() -> None:
    made = context('model { ssd { feature_extractor { type: "nonsense" } } }')
    assert made.network() is None
    assert made.restore_plan() is None
    assert len(made.notes) == 1
    assert made.notes[0].startswith("not checked against the network: ")


KEYPOINTS = """
model {
  center_net {
    num_classes: 1
    feature_extractor { type: "hourglass_10" }
    keypoint_label_map_path: "map.pbtxt"
    keypoint_estimation_task {
      task_name: "pose" keypoint_class_name: "arrow" keypoint_label_to_std { key: "tip" value: 1 }
    }
  }
}
"""


@pytest.mark.parametrize(("labels", "count"), [(None, 1), ("lint/keypoints_label_map.pbtxt", 2)])
def test_the_network_has_the_keypoints_of_the_label_map_that_is_there(
    tmp_path: Path, fixtures: Path, labels: str | None, count: int
) -> None:
    if labels is not None:
        (tmp_path / "map.pbtxt").write_bytes((fixtures / labels).read_bytes())
    network = context(KEYPOINTS, tmp_path / "pipeline.config").network()
    assert network is not None
    shapes = {variable.name: variable.shape for variable in network.variables}
    assert shapes["head/pose/keypoint/heatmap/0/output/bias"] == (count,)


RESTORE_TYPES = [
    ("", "classification"),
    ("from_detection_checkpoint: true", "detection"),
    ('from_detection_checkpoint: true fine_tune_checkpoint_type: "full"', "full"),
]


@pytest.mark.parametrize(("text", "expected"), RESTORE_TYPES)
def test_restore_type(text: str, expected: str) -> None:
    made = context(f"train_config {{ {text} }}")
    assert restore_type(made.config.message("train_config")) == expected


def test_edits() -> None:
    made = context("train_config { batch_size: 8 freeze_variables: ['a', 'b'] }")
    train = made.config.message("train_config")
    size, first = train.entry("batch_size"), train.entries("freeze_variables")[0]
    assert size is not None
    assert made.source(size) == "8"
    text = made.document.text
    assert apply_edits(text, [made.replace(size, "9")]) == text.replace("8", "9")
    assert apply_edits(text, [made.rewrite(size, "num_steps: 1")]) == text.replace(
        "batch_size: 8", "num_steps: 1"
    )
    assert made.delete(first) is None, "an element of a list has no field of its own"
    assert made.insert(made.config.message("model"), "x: 1") is None, "there is no block to insert into"
    assert made.fix("title", "safe", [None]) is None
    fix = made.insert_fix(train, "num_steps: 5", "safe")
    assert fix is not None
    assert "num_steps: 5" in apply_edits(text, fix.edits)


def test_placeholders() -> None:
    assert is_placeholder("")
    assert is_placeholder("PATH_TO_BE_CONFIGURED/a.record")
    assert not is_placeholder("data/train.record")
