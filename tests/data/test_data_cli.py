"""`cfgtool data` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cfgtool.cli.main import main
from cfgtool.data import keys

CONFIG = """
model {{ ssd {{ num_classes: {classes} }} }}
train_input_reader {{
  label_map_path: "{label_map}"
  max_number_of_boxes: {boxes}
  tf_record_input_reader {{ input_path: "{record}" }}
}}
"""


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["data", *arguments])
    output = capsys.readouterr()
    assert isinstance(caught.value.code, int)
    return caught.value.code, output.out, output.err


def test_sound_records(capsys: pytest.CaptureFixture[str], write: Callable[..., str]) -> None:
    status, out, err = _run(capsys, "check", write({}, {}))
    assert (status, out) == (0, "")
    assert "2 records read" in err


def test_flaws_are_printed_with_their_place(
    capsys: pytest.CaptureFixture[str], write: Callable[..., str]
) -> None:
    path = write({}, {keys.LABEL: [0, 1]})
    status, out, _ = _run(capsys, "check", path)
    assert status == 1
    assert out.startswith(f"{path}:record 1 (byte ")
    assert out.endswith("error: class id '0' is not allowed, ids start at 1 [class-id-below-one]\n")


def test_a_config_brings_its_bounds(
    capsys: pytest.CaptureFixture[str], write: Callable[..., str], label_map_file: str, tmp_path: Path
) -> None:
    config = tmp_path / "pipeline.config"
    config.write_text(CONFIG.format(classes=1, label_map=label_map_file, record=write({}), boxes=1))
    status, out, _ = _run(capsys, "check", str(config), "--format", "json")
    assert status == 1
    codes = {problem["code"] for problem in json.loads(out)}
    assert codes == {"class-id-above-num-classes", "too-many-boxes", "classes-without-boxes"}


def test_label_map_mistakes_are_reported(
    capsys: pytest.CaptureFixture[str], write: Callable[..., str], tmp_path: Path
) -> None:
    path = tmp_path / "map.pbtxt"
    path.write_text("item {\n  id: 0\n  name: 'cat'\n}\n")
    status, out, _ = _run(capsys, "check", write({}), "--label-map", str(path))
    assert status == 1
    assert f"{path}:2:7: error: id '0' is not allowed" in out


def test_missing_shards_are_reported(capsys: pytest.CaptureFixture[str], write: Callable[..., str]) -> None:
    path = write({}, name="a-00000-of-00002")
    status, out, _ = _run(capsys, "check", path.replace("00000-of", "?????-of"))
    assert status == 1
    assert "1 shard is missing" in out


def test_statistics(
    capsys: pytest.CaptureFixture[str], write: Callable[..., str], label_map_file: str
) -> None:
    path = write({}, {})
    status, out, _ = _run(capsys, "stats", path, "--label-map", label_map_file, "--format", "json")
    assert status == 0
    (result,) = json.loads(out)
    assert (result["source"], result["records"]) == (path, 2)
    assert result["boxes_by_class"] == {"cat": 2, "dog": 2}
    status, out, _ = _run(capsys, "stats", path, "--label-map", label_map_file)
    assert status == 0
    assert "records: 2\n" in out
    assert "          2         2   50.0 %      1  cat\n" in out
    assert "          0         0    0.0 %      3  bird\n" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "none.record"], "no file matches"),
        (["check", "none.config"], "no such file"),
        (["stats", "none.record"], "no file matches"),
        (["check", "x.record", "--format", "xml"], "not one of text, json"),
        (["check"], "Missing argument"),
    ],
)
def test_usage_mistakes(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    status, out, err = _run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("train_input_reader { label_map: 'x' }", ":1:22: "),
        ("model { ssd { num_classes: many } } eval_input_reader { shuffle: 7 }", ":1:66: "),
        ("train_input_reader { ", ":1:1: "),
    ],
)
def test_a_config_with_errors_in_its_readers_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, place: str
) -> None:
    path = tmp_path / "broken.config"
    path.write_text(text)
    status, out, err = _run(capsys, "check", str(path))
    assert (status, out) == (2, "")
    assert f"{path}{place}" in err


def test_config_without_readers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty.config").write_text("model { }\n")
    status, _, err = _run(capsys, "check", str(tmp_path / "empty.config"))
    assert status == 2
    assert "no input reader" in err


def test_nothing_heavy_is_imported(write: Callable[..., str], label_map_file: str) -> None:
    program = (
        "import sys; from cfgtool.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'numpy', 'PIL', 'google.protobuf', 'pycocotools'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    command = [sys.executable, "-c", program, "data", "check", write({}), "--label-map", label_map_file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
