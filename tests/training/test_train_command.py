"""`cfgtool train` as people run it: what it says and leaves when it is stopped, refused, or the disk is full."""

from __future__ import annotations

import json
import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SMALL = (
    "model.ssd.image_resizer.fixed_shape_resizer.height=64",
    "model.ssd.image_resizer.fixed_shape_resizer.width=64",
    'train_config.fine_tune_checkpoint=""',
)
CFGTOOL = str(Path(sys.executable).with_name("cfgtool"))

pytestmark = pytest.mark.slow


def words(fixtures: Path, model_dir: Path, *more: str) -> list[str]:
    changes = [part for change in SMALL for part in ("--set", change)]
    config = str(fixtures / "demo" / "pipeline.config")
    return [CFGTOOL, "train", config, "--model-dir", str(model_dir), "--batch-size", "2", *changes, *more]


def started(command: list[str], model_dir: Path, rows: int) -> subprocess.Popen[str]:
    """A run that has logged some steps."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    metrics = model_dir / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not (metrics.exists() and len(metrics.read_text().splitlines()) >= rows):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def test_a_run_from_start_to_end(fixtures: Path, tmp_path: Path) -> None:
    more = ("--num-steps", "15", "--log-every", "5", "--eval-every", "10", "--seed", "3")
    done = subprocess.run(words(fixtures, tmp_path, *more), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    for said in ("weights     initialised", "first step done", "about ", "step 10:", "trained to step 15"):
        assert said in done.stderr
    rows = [json.loads(row) for row in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    logged = [row["step"] for row in rows if "Loss/total_loss" in row]
    evaluated = [row["step"] for row in rows if "DetectionBoxes_Precision/mAP" in row]
    assert logged == [1, 5, 10, 15]
    assert evaluated == [10, 15], "every 10 steps, and at the end"
    assert all(row["images_per_sec"] == pytest.approx(2 * row["steps_per_sec"]) for row in rows[:2])
    (start,) = json.loads((tmp_path / "environment.json").read_text())["starts"]
    assert shlex.split(start["command"])[1:2] == ["train"]
    assert start["seed"] == 3
    again = subprocess.run(words(fixtures, tmp_path, *more), capture_output=True, text=True, check=False)
    assert again.returncode == 0
    assert "nothing to do: the run is at step 15" in again.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_says_how_to_go_on(fixtures: Path, tmp_path: Path, number: int) -> None:
    more = ("--num-steps", "100000", "--log-every", "1", "--seed", "5", "--restart", "--keep", "2", "--quiet")
    command = words(fixtures, tmp_path, *more)
    process = started(command, tmp_path, 3)
    process.send_signal(number)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert output == ""
    assert "stopping after this step" in errors
    again = shlex.split(errors.split("go on with `")[1].split("`")[0])
    assert sorted(again[1:]) == sorted(word for word in command[1:] if word != "--restart")
    saved = (tmp_path / "checkpoint").read_text()
    assert 'model_checkpoint_path: "ckpt-1"' in saved
    again[again.index("--num-steps") + 1] = str(
        len((tmp_path / "metrics.jsonl").read_text().splitlines()) + 2
    )
    done = subprocess.run([CFGTOOL, *again[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_second_run_in_the_same_model_dir_is_refused(fixtures: Path, tmp_path: Path) -> None:
    command = words(fixtures, tmp_path, "--num-steps", "100000", "--log-every", "1")
    process = started(command, tmp_path, 1)
    try:
        second = subprocess.run([*command, "--restart"], capture_output=True, text=True, check=False)
        assert second.returncode == 2
        assert f"another run works in this model dir: process {process.pid}" in second.stderr
    finally:
        process.kill()
        process.communicate()
    assert (tmp_path / "metrics.jsonl").is_file(), "nothing was moved aside"


def small_files() -> None:
    """No file may grow beyond 3 MB: what a full disk does to a checkpoint of 6 MB, and not to the metrics."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))


def test_a_disk_that_takes_no_checkpoint(fixtures: Path, tmp_path: Path) -> None:
    first = words(fixtures, tmp_path, "--num-steps", "2", "--log-every", "1")
    subprocess.run(first, check=True, capture_output=True)
    before = sorted(path.name for path in tmp_path.glob("ckpt-*"))
    more = words(fixtures, tmp_path, "--num-steps", "4", "--log-every", "1")
    done = subprocess.run(more, capture_output=True, text=True, check=False, preexec_fn=small_files)
    assert done.returncode == 2, done.stderr
    assert "the checkpoint of step 4 could not be written" in done.stderr
    assert "ckpt-1 is intact" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.glob("ckpt-*")) == before, "no parts are left"
    subprocess.run(more, check=True, capture_output=True)
    assert 'model_checkpoint_path: "ckpt-2"' in (tmp_path / "checkpoint").read_text()


def test_a_diverging_run(fixtures: Path, tmp_path: Path) -> None:
    rate = "train_config.optimizer.momentum_optimizer.learning_rate.cosine_decay_learning_rate"
    more = ("--set", f"{rate}.learning_rate_base=1e30", "--set", f"{rate}.warmup_steps=0", "--num-steps", "9")
    unclipped = ("--set", "train_config.gradient_clipping_by_norm=0")
    done = subprocess.run(
        words(fixtures, tmp_path, *more, *unclipped, "--checkpoint-every", "1", "--quiet"),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 2
    assert "the loss is not finite at step 2" in done.stderr
    assert "likely causes:\n    CFG614" in done.stderr
    assert "ckpt-1 is intact" in done.stderr
    assert 'model_checkpoint_path: "ckpt-1"' in (tmp_path / "checkpoint").read_text()
