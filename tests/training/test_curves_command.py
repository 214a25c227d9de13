"""Recorded training curves of the OD API, run again by `cfgtool train`: what its users see.

`test_curves.py` looks at gradients, statistics and weights of the same runs from inside.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cfgtool.checkpoints.object_graph_writer import object_based
from cfgtool.checkpoints.writer import Tensor, write_bundle
from cfgtool.networks import describe
from cfgtool.schema import Config
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import Edit, apply_edits, parse

from . import reference

pytestmark = [pytest.mark.reference, pytest.mark.slow]

LOSSES = ("classification_loss", "localization_loss", "regularization_loss", "total_loss")
CHAOTIC = ("ssd_mobilenet_v2_fpnlite", "ssd_mobilenet_v2_hard_miner")
TIGHT = "ssd_efficientdet_d0"

# The recorded run of EfficientDet has its stochastic depth switched off, because it is random; no config can.
COMMAND = "from cfgtool.cli.start import main; main()"
WITHOUT_STOCHASTIC_DEPTH = f"""
from cfgtool.training.tensor_ops import TensorOps
TensorOps.stochastic_depth = lambda self, x, keep_probability: x
{COMMAND}
"""


def reference_checkpoint(shared: Path, config: Config, prefix: Path) -> None:
    """The reference weights as a checkpoint that the OD API could have written."""
    variables = {v.tf2_key: v for v in describe(config).variables if v.tf2_key is not None}
    shapes = {key: variable.shape for key, variable in variables.items()}
    values = reference.reference_values(reference.inputs(shared), shapes)
    tensors = [
        (Tensor(key, "float32", shapes[key], value.tobytes), variables[key].name)
        for key, value in values.items()
    ]
    write_bundle(str(prefix), object_based(tensors))


def runnable(config: Config, shared: Path, prefix: Path) -> str:
    """The recorded config with its files where they are, starting from `prefix`."""
    corpus = shared / "corpus"
    folders = {"label_map_path": corpus / "label_maps", "input_path": corpus / "records"}
    text = apply_edits(
        config.document.text,
        [
            Edit(entry.node.start, entry.node.end, f'"{folders[entry.type.name] / str(entry.value)}"')
            for _, entry in config.walk()
            if entry.type.name in folders and entry.node is not None
        ],
    )
    changes = {
        "train_config.fine_tune_checkpoint": f'"{prefix}"',
        "train_config.fine_tune_checkpoint_type": '"full"',
        "train_config.fine_tune_checkpoint_version": "V2",
    }
    for path, value in changes.items():
        text = apply_edits(text, set_value(parse(text), path, value))
    return text


def run(shared: Path, name: str, folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the command logs and what is recorded, step by step."""
    config, golden = reference.curve(shared, name)
    reference_checkpoint(shared, config, folder / "start" / "ckpt-0")
    path, model_dir = folder / "pipeline.config", folder / "run"
    path.write_text(runnable(config, shared, folder / "start" / "ckpt-0"))
    steps = golden["steps"]
    program = WITHOUT_STOCHASTIC_DEPTH if name == TIGHT else COMMAND
    command = [sys.executable, "-c", program, "train", str(path), "--model-dir", str(model_dir)]
    command += ["--num-steps", str(len(steps)), "--log-every", "1"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ})
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (model_dir / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == list(range(1, len(steps) + 1))
    return rows, steps


def test_efficientdet_has_the_recorded_losses_at_every_step(shared: Path, tmp_path: Path) -> None:
    rows, steps = run(shared, TIGHT, tmp_path)
    for number, (row, step) in enumerate(zip(rows, steps, strict=True)):
        for name in LOSSES:
            key = f"Loss/{name}"
            assert row[key] == pytest.approx(step[key], rel=1e-4), (number, name)


@pytest.mark.parametrize("name", CHAOTIC)
def test_mobilenet_has_the_recorded_losses_as_long_as_they_are_certain(
    shared: Path, tmp_path: Path, name: str
) -> None:
    """ReLU6 makes the recorded runs chaotic from the first update on."""
    rows, steps = run(shared, name, tmp_path)
    for loss in LOSSES:
        key, tolerance = f"Loss/{loss}", 2e-4 if loss == "localization_loss" else 1e-5
        assert rows[0][key] == pytest.approx(steps[0][key], rel=tolerance), loss
    for number, (row, step) in enumerate(zip(rows, steps, strict=True)):
        tolerance = 1e-3 if number <= 1 else 2e-2
        assert row["Loss/total_loss"] == pytest.approx(step["Loss/total_loss"], rel=tolerance), number
