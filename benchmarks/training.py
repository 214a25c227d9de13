"""Training against the OD API: the same config, data and machine; and our own shares of a step."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.light import Setting

STEPS = 25
BATCH = 4
ROUNDS = 3
BARS = {
    "images_per_s": "at least 1.2",
    "first_step_s": "at most 0.33",
    "peak_memory_mib": "at most 1",
    "input_images_per_s": "at least 2",
}


def training(setting: Setting) -> None:
    """Steps of the FPN-Lite sample config on the pets record, with its augmentation and without."""
    for augmented in (True, False):
        config = write_config(setting, augmented)
        if config is None:
            print(f"training: no reference data at {setting.reference}; skipped")
            return
        compare(setting, config, "with augmentation" if augmented else "without augmentation")


def compare(setting: Setting, config: Path, title: str) -> None:
    """Ours and the peer's figures, taken in turns: medians, and the median of the ratios of neighbours."""
    commands = {"cfgtool": [sys.executable, "-m", "benchmarks.own_training", str(config), str(STEPS)]}
    if setting.od_api:
        commands["OD API"] = [setting.od_api, "-m", "benchmarks.peer_od_api", str(config), str(STEPS)]
    rounds = [{name: measure(command) for name, command in commands.items()} for _ in range(ROUNDS)]
    for name in commands:
        medians = {key: statistics.median(row[name][key] for row in rounds) for key in rounds[0][name]}
        print(
            f"training {title}, {name}: " + ", ".join(f"{key} {value:.3g}" for key, value in medians.items())
        )
    if not setting.od_api:
        return
    for key in rounds[0]["cfgtool"]:
        ratios = [row["cfgtool"][key] / row["OD API"][key] for row in rounds]
        bar = f" (bar: {BARS[key]} x)" if key in BARS else ""
        print(f"    {key}: {statistics.median(ratios):.2f} x{bar}, {min(ratios):.2f} to {max(ratios):.2f}")


def write_config(setting: Setting, augmented: bool = True) -> Path | None:
    """The sample config with the pets record, batch 4 and a learning rate for it; None without reference data."""
    from cfgtool.schema.editing import edit_text
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
    if not augmented:
        text = edit_text(text, (), ["train_config.data_augmentation_options"]).text
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
