"""`cfgtool evaluate` as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cfgtool.cli.main import main

SMALL = (
    "train_config.batch_size=2",
    "model.ssd.image_resizer.fixed_shape_resizer.height=64",
    "model.ssd.image_resizer.fixed_shape_resizer.width=64",
    'train_config.fine_tune_checkpoint=""',
    "eval_config.num_examples=8",
    "eval_config.num_visualizations=2",
)


@pytest.fixture(scope="module")
def config(fixtures: Path) -> str:
    return str(fixtures / "demo" / "pipeline.config")


def arguments(*more: str) -> list[str]:
    """The arguments, with the changes that make a run small after command and config."""
    return [*more[:2], *(part for change in SMALL for part in ("--set", change)), *more[2:]]


def command(*more: str) -> list[str]:
    return [sys.executable, "-m", "cfgtool", *arguments(*more)]


def run(*more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(command(*more), capture_output=True, text=True, env=environment, timeout=300)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--format", "xml"], "format 'xml' is not known"),
        (["--wait"], "--all and --wait look for checkpoints in a model dir"),
        (["--all", "--model-dir", "runs", "--checkpoint", "ckpt-1"], "give --model-dir alone"),
        (["--model-dir", "runs", "--timeout", "3"], "--timeout and --interval say how --wait waits"),
        (["--model-dir", "runs", "--curves"], "add --format json, or give --pr-curves"),
        (["--model-dir", "runs", "--all", "--draw", "a.png"], "pictures are of one checkpoint"),
        (["--model-dir", "runs", "--pr-curves", "nowhere/a.png"], "there is no such folder"),
        (["--model-dir", "nowhere"], "no checkpoint is in this model dir"),
        ([], "nothing to evaluate is named"),
    ],
)
def test_options_that_do_not_go_together(
    config: str, more: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", config, *more])
    assert caught.value.code == 2
    out, errors = capsys.readouterr()
    assert out == ""
    assert message in errors
    assert "Traceback" not in errors


def test_pictures_are_not_overwritten(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"mine")
    with pytest.raises(SystemExit):
        main(["evaluate", config, "--model-dir", str(tmp_path), "--draw", str(picture)])
    assert "--force replaces it" in capsys.readouterr().err
    assert picture.read_bytes() == b"mine"


@pytest.mark.slow
def test_evaluating_beside_a_run(config: str, tmp_path: Path) -> None:
    """A run writes checkpoints and keeps the newest two, and `evaluate --wait` beside it takes each as it comes."""
    steps = ["--num-steps", "40", "--checkpoint-every", "10", "--keep", "2"]
    training = subprocess.Popen(
        command("train", config, "--model-dir", str(tmp_path), *steps),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    waiting = run(
        *("evaluate", config, "--model-dir", str(tmp_path), "--wait", "--interval", "0.1"), "--format", "json"
    )
    _, errors = training.communicate(timeout=300)
    assert training.returncode == 0, errors
    assert waiting.returncode == 0, waiting.stderr
    found: list[dict[str, Any]] = [json.loads(line) for line in waiting.stdout.splitlines()]
    reached = [row["step"] for row in found]
    assert reached == sorted(set(reached))
    assert reached[-1] == 40
    gone = [line for line in waiting.stderr.splitlines() if line.endswith("is gone, skipped")]
    assert len(found) + len(gone) <= 4
    rows = [json.loads(line) for line in (tmp_path / "eval" / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == reached
    own = (tmp_path / "metrics.jsonl").read_text()
    assert "DetectionBoxes" not in own, "the file of the run is not written to"


@pytest.mark.slow
def test_one_checkpoint_with_all_that_there_is_to_show(config: str, tmp_path: Path) -> None:
    trained = run("train", config, "--model-dir", str(tmp_path), "--num-steps", "2")
    assert trained.returncode == 0, trained.stderr
    pictures = ["--draw", str(tmp_path / "found.png"), "--pr-curves", str(tmp_path / "curves.png")]
    one = ["evaluate", config, "--model-dir", str(tmp_path)]
    shown = run(*one, *pictures, "--per-class", "--curves", "--format", "json", "--min-score", "0.005")
    assert shown.returncode == 0, shown.stderr
    result = json.loads(shown.stdout)
    assert result["step"] == 2
    assert "DetectionBoxes_PerformanceByCategory/mAP/star" in result["metrics"]
    assert len(result["curves"]["recall"]) == len(result["curves"]["mean"]) == 101
    assert np.mean(result["curves"]["mean"]) == pytest.approx(
        result["metrics"]["DetectionBoxes_Precision/mAP@.50IOU"]
    )
    assert Image.open(tmp_path / "curves.png").size == (1520, 1120), "760 x 560, two pixels a unit"
    assert Image.open(tmp_path / "found.png").height > 2 * 64
    assert not (tmp_path / "eval").exists(), "one checkpoint leaves nothing in the model dir"
    sets = 'eval_config.metrics_set=["pascal_voc_detection_metrics", "coco_detection_metrics"]'
    text = run(*one, "--set", sets, "--set", "eval_config.num_examples=1")
    assert text.returncode == 0, text.stderr
    assert "eval_config.num_examples is 1: later examples do not count" in text.stderr
    lines = dict(line.strip().rsplit("  ", 1) for line in text.stdout.splitlines()[1:])
    assert next(iter(lines)).strip() == "PascalBoxes_Precision/mAP@0.5IOU"
    assert "no groundtruth" in lines.values()
