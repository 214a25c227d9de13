"""Training against the OD API: the same config, data and machine; and our own shares of a step."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.light import Setting

STEPS = 25
BATCH = 4
HERE = Path(__file__).parent


def training(setting: Setting) -> None:
    """Images per second, CPU per step and time to the first step of the FPN-Lite sample config on the pets record."""
    config = write_config(setting)
    if config is None:
        print(f"training: no reference data at {setting.reference}; skipped")
        return
    results = {"cfgtool": measure([sys.executable, "-m", "benchmarks.own_training", str(config), str(STEPS)])}
    if setting.od_api:
        results["OD API"] = measure([setting.od_api, "-m", "benchmarks.peer_od_api", str(config), str(STEPS)])
        # A second run of ours after the peer's shows how far the machine itself drifts.
        results["cfgtool again"] = measure(
            [sys.executable, "-m", "benchmarks.own_training", str(config), str(STEPS)]
        )
    for name, figures in results.items():
        print(f"training, {name}: " + ", ".join(f"{key} {value:.3g}" for key, value in figures.items()))
    if "OD API" in results:
        peer = results["OD API"]
        ours = {key: (results["cfgtool"][key] + results["cfgtool again"][key]) / 2 for key in peer}
        print(
            f"    images per second: {ours['images_per_s'] / peer['images_per_s']:.2f} x (bar: at least 1.2 x)"
        )
        print(f"    CPU of a step: {ours['step_cpu_s'] / peer['step_cpu_s']:.2f} x")
        print(
            f"    time to the first step: {ours['first_step_s'] / peer['first_step_s']:.2f} x (bar: at most 0.33 x)"
        )


def write_config(setting: Setting) -> Path | None:
    """The sample config with the pets record, batch 4 and a learning rate for it; None without reference data."""
    from cfgtool.schema.overrides import set_value
    from cfgtool.textproto import apply_edits, parse

    corpus = setting.reference / "corpus"
    sample = corpus / "configs_tf2" / "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8.config"
    if not sample.exists():
        return None
    text = sample.read_text(encoding="utf-8")
    rate = "train_config.optimizer.momentum_optimizer.learning_rate.cosine_decay_learning_rate"
    changes: dict[str, Any] = {
        "model.ssd.num_classes": 37,
        "train_config.batch_size": BATCH,
        "train_config.fine_tune_checkpoint": '""',
        f"{rate}.learning_rate_base": 0.0025,
        f"{rate}.warmup_learning_rate": 0.001,
        "eval_input_reader[0].label_map_path": f'"{corpus / "label_maps" / "pet_label_map.pbtxt"}"',
        "eval_input_reader[0].tf_record_input_reader.input_path": f'"{corpus / "records" / "pets_examples.record"}"',
        "train_input_reader.label_map_path": f'"{corpus / "label_maps" / "pet_label_map.pbtxt"}"',
        "train_input_reader.tf_record_input_reader.input_path": f'"{corpus / "records" / "pets_examples.record"}"',
    }
    for path, value in changes.items():
        text = apply_edits(text, set_value(parse(text), path, str(value)))
    config = setting.scratch / "pets.config"
    config.write_text(text, encoding="utf-8")
    return config


def measure(command: list[str]) -> dict[str, float]:
    """The JSON object that a measuring process prints last."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    figures: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures
