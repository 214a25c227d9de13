"""The published FPN-Lite sample config on the real pets record, through the installed command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.reference, pytest.mark.slow]

RATE = "train_config.optimizer.momentum_optimizer.learning_rate.cosine_decay_learning_rate"


def cfgtool(*arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "cfgtool", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == expect, done.stderr
    assert "Traceback" not in done.stderr
    return done


def sample(shared: Path, folder: Path) -> Path:
    """The sample config, with its placeholder paths filled in as an owner would."""
    corpus = shared / "corpus"
    text = (corpus / "configs_tf2" / "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8.config").read_text()
    for placeholder, path in {
        "PATH_TO_BE_CONFIGURED/label_map.txt": corpus / "label_maps" / "pet_label_map.pbtxt",
        "PATH_TO_BE_CONFIGURED/train2017-?????-of-00256.tfrecord": corpus
        / "records"
        / "pets_examples.record",
        "PATH_TO_BE_CONFIGURED/val2017-?????-of-00032.tfrecord": corpus / "records" / "pets_examples.record",
    }.items():
        text = text.replace(placeholder, str(path))
    lines = [line for line in text.splitlines() if "fine_tune_checkpoint" not in line]
    target = folder / "pipeline.config"
    target.write_text("\n".join(lines).replace("num_classes: 90", "num_classes: 37") + "\n")
    return target


def train(config: Path, run: Path, steps: int) -> list[dict[str, float]]:
    rates = [f"{RATE}.{name}" for name in ("learning_rate_base=0.04", "warmup_learning_rate=0.04")]
    changes = [part for rate in rates for part in ("--set", rate)]
    numbers = ["--num-steps", str(steps), "--batch-size", "4", "--log-every", "1"]
    cfgtool("train", str(config), "--model-dir", str(run), *numbers, *changes)
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_lint_migrate_train_resume_evaluate(shared: Path, tmp_path: Path) -> None:
    config = sample(shared, tmp_path)
    cfgtool("migrate", str(config))
    cfgtool("migrate", "--check", str(config))
    cfgtool("lint", "--select", "CFG0", str(config))
    first = train(config, tmp_path / "run", 20)
    assert [row["step"] for row in first] == list(range(1, 21))
    rows = train(config, tmp_path / "run", 60)
    assert [row["step"] for row in rows] == list(range(1, 61))
    assert rows[:20] == first, "a resumed run keeps what was logged before"
    totals = [row["Loss/total_loss"] for row in rows]
    assert sum(totals[-4:]) < 0.95 * sum(totals[:4])
    result = json.loads(
        cfgtool("evaluate", str(config), "--model-dir", str(tmp_path / "run"), "--format", "json").stdout
    )
    assert result["step"] == 60
    assert 0.0 <= result["metrics"]["DetectionBoxes_Precision/mAP"] <= 1.0
