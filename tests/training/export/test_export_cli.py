"""`cfgtool export` as a user runs it: what is written, what is refused, and what is not needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import TWO_CLASSES

SMALL = (
    "--set=model.ssd.image_resizer.fixed_shape_resizer.height=64",
    "--set=model.ssd.image_resizer.fixed_shape_resizer.width=64",
)


@pytest.fixture
def alone(demo: Path, tmp_path: Path) -> Path:
    """The demo's config for two classes in a folder without anything that it names."""
    config = tmp_path / "alone" / "pipeline.config"
    config.parent.mkdir()
    config.write_text(demo.read_text().replace("num_classes: 4", "num_classes: 2"))
    return config


@pytest.mark.slow
def test_neither_data_nor_label_map_nor_training_is_needed(
    run: Any, alone: Path, pretrained: str, tmp_path: Path
) -> None:
    text = alone.read_text()
    model_only = alone.with_name("model.config")
    model_only.write_text(text[: text.index("train_config {")])
    for number, config in enumerate((alone, model_only)):
        target = tmp_path / f"model{number}"
        status, out, err = run("export", config, "--checkpoint", pretrained, "-o", target, *SMALL)
        assert status == 0, err
        assert out.splitlines() == [
            f"exported  {pretrained}",
            *(f"written   {target / name}" for name in ("checkpoint", "pipeline.config", "saved_model")),
        ]
        assert "classes have numbers" in err
        assert err.count("\n") == 1
        assert "height: 64" in (target / "pipeline.config").read_text()


def test_the_label_map_goes_along(run: Any, alone: Path, pretrained: str, tmp_path: Path) -> None:
    labels = tmp_path / "classes.pbtxt"
    labels.write_text("item { id: 1 name: 'ball' }\nitem { id: 2 name: 'cube' }\n")
    command = (
        "export",
        alone,
        "--checkpoint",
        pretrained,
        "-o",
        tmp_path / "m",
        "--format",
        "tflite",
        *SMALL,
    )
    status, _, err = run(*command, "--label-map", labels)
    assert (status, err) == (0, "")
    assert (tmp_path / "m" / "label_map.pbtxt").read_bytes() == labels.read_bytes()
    assert (tmp_path / "m" / "labels.txt").read_text() == "ball\ncube\n"
    labels.write_text("item { id: 3 name: 'cone' }\n")
    status, _, err = run(*command, "--label-map", labels, "--force")
    assert status == 2
    assert "the label map has id 3, but num_classes is 2" in err
    status, _, err = run(*command, "--label-map", tmp_path / "gone.pbtxt", "--force")
    assert status == 2
    assert "gone.pbtxt: no such file" in err


def test_an_earlier_export_is_replaced_only_when_told(
    run: Any, alone: Path, pretrained: str, tmp_path: Path
) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "notes.txt").write_text("mine")
    command = ("export", alone, "--checkpoint", pretrained, "-o", target, *SMALL)
    assert run(*command)[0] == 0
    before = (target / "saved_model" / "saved_model.pb").stat().st_ino
    status, _, err = run(*command)
    assert status == 2
    assert "exists already; --force replaces an earlier export" in err
    assert run(*command, "--force")[0] == 0
    assert (target / "saved_model" / "saved_model.pb").stat().st_ino != before
    names = {"checkpoint", "notes.txt", "pipeline.config", "saved_model"}
    assert {path.name for path in target.iterdir()} == names
    assert (target / "notes.txt").read_text() == "mine"


def test_a_failed_export_leaves_the_old_one(
    run: Any, alone: Path, pretrained: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cfgtool.training.export.write as write
    from cfgtool.errors import UserError

    def fail(*_: object) -> None:
        raise UserError("the disk is full")

    monkeypatch.setattr(write, "save_model", fail)
    for name in ("old", "new"):
        target = tmp_path / name
        if name == "old":
            (target / "saved_model").mkdir(parents=True)
        status, _, err = run("export", alone, "--checkpoint", pretrained, "-o", target, "--force", *SMALL)
        assert status == 2
        assert "the disk is full" in err
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["saved_model"]
    assert not (tmp_path / "new").exists()


def test_the_folder_of_a_run_is_no_output(run: Any, alone: Path, pretrained: str, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint").write_text('model_checkpoint_path: "ckpt-1"\n')
    status, _, err = run("export", alone, "--checkpoint", pretrained, "-o", tmp_path / "run", "--force")
    assert status == 2
    assert "is the folder of a training run" in err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "nothing to export is named; give --model-dir or --checkpoint"),
        (["--model-dir", "EMPTY"], "no checkpoint is in this model dir"),
        (["--checkpoint", "gone/ckpt-1"], "gone/ckpt-1"),
        (["--format", "onnx"], "format 'onnx' is not known; use saved_model or tflite"),
        (["--input-type", "picture"], "input type 'picture' is not known"),
        (["--format", "tflite", "--quantize", "int4"], "quantization 'int4' is not known"),
        (["--quantize", "int8"], "--quantize is for --format tflite"),
        (["--regular-nms"], "--regular-nms is for --format tflite"),
        (["--samples", "3", "--format", "tflite"], "--samples is for --quantize int8"),
        (["--format", "tflite", "--input-type", "tf_example"], "--input-type is for --format saved_model"),
        (["--input-type", "tf_example", "--any-batch"], "--any-batch is for image_tensor"),
        (["--checkpoint", "PRETRAINED", "--set", "model.ssd.num_classes=4"], "the checkpoint has 2 classes, the config 4"),
        (["--checkpoint", "PRETRAINED", "--format", "tflite", "--quantize", "int8"], "../shapes/shapes_train.record"),
        (["--checkpoint", "PRETRAINED", "--averages"], "has no moving averages"),
        (["--checkpoint", "PRETRAINED", "--set", "train_input_reader.num_additional_channels=1"], "images of three channels"),
    ],
)  # fmt: skip
def test_mistakes_have_messages_before_tensorflow_is_imported(
    alone: Path, pretrained: str, tmp_path: Path, args: list[str], message: str
) -> None:
    names = {"EMPTY": str(tmp_path), "PRETRAINED": pretrained}
    words = ["export", str(alone), "-o", str(tmp_path / "model"), *(names.get(arg, arg) for arg in args)]
    script = (
        f"import sys; sys.modules['tensorflow'] = None; from cfgtool.cli.main import main; main({words!r})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "model").exists()


def test_sizes_left_free_are_refused_at_their_place(
    run: Any, alone: Path, pretrained: str, tmp_path: Path
) -> None:
    text = alone.read_text()
    start = text.index("fixed_shape_resizer")
    alone.write_text(text[:start] + "keep_aspect_ratio_resizer {}" + text[text.index("}", start) + 1 :])
    status, _, err = run(
        "export", alone, "--checkpoint", pretrained, "-o", tmp_path / "m", "--set", TWO_CLASSES
    )
    assert status == 2
    line = text[:start].count("\n") + 1
    assert f"pipeline.config:{line}:" in err
    assert "'keep_aspect_ratio_resizer' leaves sizes free" in err
