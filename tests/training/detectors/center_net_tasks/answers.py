"""Our tasks, and the batches and peaks of the cases, as tensors."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse
from cfgtool.training.detectors.center_net.other_tasks import build_tasks
from cfgtool.training.detectors.center_net.task import Peaks, Task, Truth

from . import cases

RECORDED = Path(__file__).parents[2] / "recorded" / "center_net_tasks.json"


@cache
def recorded() -> dict[str, Any]:
    """What the OD API answered, by case."""
    return json.loads(RECORDED.read_text(encoding="utf-8"))


def config_of(text: str) -> Config:
    """The `CenterNet` message of `BASE` and `text`."""
    return read_config(parse(f"model {{ center_net {{ {cases.BASE} {text} }} }}")).find("model.center_net")


def tasks_of(text: str) -> list[Task]:
    return build_tasks(config_of(text))


def outputs(parts: int = 24, **changed: Any) -> list[dict[str, tf.Tensor]]:
    """The outputs of the heads, one mapping for each stack; `changed` outputs by name, `/` written `_`."""
    arrays = {
        name: changed.get(name.replace("/", "_"), value) for name, value in cases.outputs(parts).items()
    }
    return [
        {name: tf.constant(value[stack]) for name, value in arrays.items()} for stack in range(cases.STACKS)
    ]


def truth(extra: tuple[str, ...] = (), parts: int = 24, **changed: Any) -> Truth:
    """The groundtruth of the cases; `changed` replaces or adds arrays of the batch."""
    optional = {"mask_weights", "class_targets"} - set(extra)
    arrays = {name: value for name, value in cases.groundtruth(parts).items() if name not in optional}
    return truth_of(arrays | changed)


def truth_of(arrays: dict[str, Any], shapes: Any = cases.TRUE_SHAPES) -> Truth:
    batch = {name: tf.constant(value) for name, value in arrays.items()}
    ends = np.ceil(np.array(shapes)[:, :2] / cases.STRIDE)
    rows = np.arange(cases.ROWS) < ends[:, :1]
    columns = np.arange(cases.COLUMNS) < ends[:, 1:]
    valid = (rows[:, :, np.newaxis] & columns[:, np.newaxis]).reshape(len(ends), -1).astype(np.float32)
    return Truth(batch, (cases.ROWS, cases.COLUMNS), tf.constant(valid), cases.STRIDE)


def peaks(answer: dict[str, Any]) -> Peaks:
    """The detections of an answer."""
    ends = np.array(cases.TRUE_SHAPES, np.float32)[:, np.newaxis, [0, 1, 0, 1]] / cases.STRIDE
    classes = np.array(answer["detection_classes"], np.int32)
    return Peaks(
        tf.ones(classes.shape),
        tf.constant(classes),
        tf.constant(answer["rows"]),
        tf.constant(answer["columns"]),
        tf.constant(np.array(answer["detection_boxes"], np.float32) * ends),
        tf.fill([cases.BATCH], cases.DETECTIONS),
    )
