"""`environment.json`: on what a run was started, each time that it was."""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import cfgtool
from cfgtool.files import atomic_write
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.starting.estimates import machine_memory
from cfgtool.training.starting.model_dir import ENVIRONMENT_FILE

STARTS = "starts"
_CPU_INFO = Path("/proc/cpuinfo")


def record_start(options: TrainOptions, step: int) -> None:
    """Append what this start runs on to `environment.json`; `step` is where it begins.

    The file is `{"starts": [{...}, ...]}`, oldest first. One that cannot be read is begun anew.
    """
    path = options.model_dir / ENVIRONMENT_FILE
    starts = [*earlier_starts(path), describe_start(options, step)]
    atomic_write(str(path), (json.dumps({STARTS: starts}, indent=2) + "\n").encode())


def earlier_starts(path: Path) -> list[dict[str, Any]]:
    """The starts that the file holds; none where it is not there or is not such a file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    starts = content.get(STARTS) if isinstance(content, dict) else None
    return [start for start in starts if isinstance(start, dict)] if isinstance(starts, list) else []


def describe_start(options: TrainOptions, step: int) -> dict[str, Any]:
    """Versions, machine and command of this process; `time` is local with its offset, `memory` in bytes."""
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "step": step,
        "command": options.command,
        "config": options.config_path,
        "overrides": list(options.overrides),
        "seed": options.seed,
        "precision": options.precision,
        "accumulate": options.accumulate,
        "jit": options.jit,
        "cfgtool": cfgtool.__version__,
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "platform": platform.platform(),
        "host": platform.node(),
        "cpu": _cpu(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory": machine_memory(),
        "gpus": _gpus(),
    }


def _cpu() -> str:
    """The model of the processor, its architecture where the system does not say."""
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _gpus() -> list[str]:
    """The names of the GPUs that TensorFlow sees."""
    details = (
        tf.config.experimental.get_device_details(device) for device in tf.config.list_physical_devices("GPU")
    )
    return [str(detail.get("device_name", "GPU")) for detail in details]
