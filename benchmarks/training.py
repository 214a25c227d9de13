"""Training against the OD API: the same config, data and machine; and our own shares of a step."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.light import Setting

ROUNDS = 3
_COSINE = "learning_rate.cosine_decay_learning_rate"
BARS = {
    "images_per_s": "at least 1.2",
    "first_step_s": "at most 0.33",
    "peak_memory_mib": "at most 1",
    "input_images_per_s": "at least 2",
}


class Network(NamedTuple):
    """A published config to train: its name, batch and timed steps, the optimizer whose rate is lowered for that batch,
    and what the pets record has nothing for.
    """

    config: str
    batch: int
    steps: int
    optimizer: str = "momentum_optimizer"
    rate: float = 0.0025
    dropped: tuple[str, ...] = ()


SSD = Network("ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8", 4, 25)
FASTER_RCNN = Network("faster_rcnn_resnet50_v1_640x640_coco17_tpu-8", 2, 10)
CENTER_NET = Network(
    "centernet_resnet50_v2_512x512_kpts_coco17_tpu-8",
    4,
    10,
    "adam_optimizer",
    0.0001,
    (
        "model.center_net.keypoint_estimation_task",
        "model.center_net.keypoint_label_map_path",
        "eval_config.parameterized_metric",
    ),
)


def training(setting: Setting) -> None:
    """Steps of the FPN-Lite sample config on the pets record, with its augmentation and without."""
    for augmented in (True, False):
        _train(setting, SSD, augmented)


def faster_rcnn(setting: Setting) -> None:
    """Steps of Faster R-CNN on ResNet-50, images of 640 x 640, not augmented."""
    _train(setting, FASTER_RCNN, augmented=False)


def center_net(setting: Setting) -> None:
    """Steps of CenterNet on ResNet-50 for boxes, images of 512 x 512, not augmented."""
    _train(setting, CENTER_NET, augmented=False)


def _train(setting: Setting, network: Network, augmented: bool) -> None:
    config = write_config(setting, network, augmented)
    if config is None:
        print(f"training: no reference data at {setting.reference}; skipped")
        return
    how = "with augmentation" if augmented else "without augmentation"
    compare(setting, config, f"{network.config.partition('_coco')[0]} {how}", network.steps)


def compare(setting: Setting, config: Path, title: str, steps: int) -> None:
    """Ours and the peer's figures, taken in turns: medians, and the median of the ratios of neighbours."""
    commands = {"cfgtool": [sys.executable, "-m", "benchmarks.own_training", str(config), str(steps)]}
    if setting.od_api:
        commands["OD API"] = [setting.od_api, "-m", "benchmarks.peer_od_api", str(config), str(steps)]
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


def write_config(setting: Setting, network: Network = SSD, augmented: bool = True) -> Path | None:
    """The sample config with the pets record, its batch and a learning rate for it; None without reference data."""
    from cfgtool.schema import read_config
    from cfgtool.schema.editing import edit_text
    from cfgtool.schema.overrides import set_value
    from cfgtool.textproto import apply_edits, parse

    corpus = setting.reference / "corpus"
    sample = corpus / "configs_tf2" / f"{network.config}.config"
    if not sample.exists():
        return None
    text = sample.read_text(encoding="utf-8")
    text = edit_text(text, (), network.dropped).text if network.dropped else text
    rate = f"train_config.optimizer.{network.optimizer}.{_COSINE}"
    kind = read_config(parse(text)).message("model").which("model")
    changes: dict[str, Any] = {
        f"model.{kind}.num_classes": 37,
        "train_config.batch_size": network.batch,
        "train_config.fine_tune_checkpoint": '""',
        f"{rate}.learning_rate_base": network.rate,
        f"{rate}.warmup_learning_rate": network.rate / 2.5,
        "eval_input_reader[0].label_map_path": f'"{corpus / "label_maps" / "pet_label_map.pbtxt"}"',
        "eval_input_reader[0].tf_record_input_reader.input_path": f'"{corpus / "records" / "pets_examples.record"}"',
        "train_input_reader.label_map_path": f'"{corpus / "label_maps" / "pet_label_map.pbtxt"}"',
        "train_input_reader.tf_record_input_reader.input_path": f'"{corpus / "records" / "pets_examples.record"}"',
    }
    for path, value in changes.items():
        text = apply_edits(text, set_value(parse(text), path, str(value)))
    if not augmented:
        text = edit_text(text, (), ["train_config.data_augmentation_options"]).text
    if kind == "center_net":
        text = apply_edits(text, set_value(parse(text), "train_input_reader.num_keypoints", "0"))
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
