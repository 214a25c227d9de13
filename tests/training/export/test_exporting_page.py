"""What docs/exporting.md shows is what its commands and programs print."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from cfgtool.data import keys

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "exporting.md"
LABELS = "item { id: 1 name: 'round' }\nitem { id: 2 name: 'angular' }\n"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def work(fixtures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the config, the run and the photo that the page speaks of, and both exports."""
    folder = tmp_path_factory.mktemp("page")
    text = (fixtures / "demo" / "pipeline.config").read_text().replace("num_classes: 4", "num_classes: 2")
    (folder / "pipeline.config").write_text(text.replace("../shapes/shapes_label_map.pbtxt", "labels.pbtxt"))
    (folder / "labels.pbtxt").write_text(LABELS)
    shutil.copytree(fixtures / "demo" / "pretrained", folder / "run")
    (folder / "run" / "checkpoint").write_text('model_checkpoint_path: "ckpt-1"\n')
    record = next(iter(tf.data.TFRecordDataset(str(fixtures / "shapes" / "shapes_val.record"))))
    photo = tf.train.Example.FromString(record.numpy()).features.feature[keys.IMAGE].bytes_list.value[0]
    (folder / "photo.jpg").write_bytes(photo)
    for target, options in (("exported", []), ("lite", ["--format", "tflite"])):
        shown(
            folder,
            ["-m", "cfgtool", "export", "pipeline.config", "--model-dir", "run", "-o", target, *options],
        )
    return folder


def shown(folder: Path, words: list[str]) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_programs_print_what_is_shown(work: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```.*?```\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 2
    for program, output in blocks:
        assert "cfgtool" not in program
        assert shown(work, ["-c", program]) == output


def test_commands_print_what_is_shown(work: Path) -> None:
    blocks = re.findall(r"```\n\$ cfgtool (.*?)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 2
    for command, output in blocks:
        assert shown(work, ["-m", "cfgtool", *command.split()]) == output
