"""What a run will need and take, told before it starts: memory of a step, size of a checkpoint, time."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.networks.accounting import TrainingMemory, optimizer_slots, training_memory

if TYPE_CHECKING:
    from cfgtool.networks import NetworkDescription
    from cfgtool.schema import Config
    from cfgtool.training.run.options import TrainOptions

METRICS_FILE = "metrics.jsonl"
RATE = "steps_per_sec"
IMAGE_RATE = "images_per_sec"
_LATEST_ROWS = 20
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class Gpu(NamedTuple):
    """A GPU by its name and the bytes of its memory."""

    name: str
    memory: int


class Estimates(NamedTuple):
    """`memory` of a step and `checkpoint`, the size of one, in bytes; `machine` the memory that this process may use
    (None where the system does not say), `gpus` those of this machine; `rate` in steps per second, as an earlier run in
    the model dir had it, None without one.
    """

    memory: TrainingMemory
    checkpoint: int
    machine: int | None
    gpus: tuple[Gpu, ...]
    rate: float | None

    @property
    def room(self) -> int | None:
        """The memory that a step has to fit: of the smallest GPU, else of the machine."""
        return min((gpu.memory for gpu in self.gpus), default=self.machine)

    @property
    def fits(self) -> bool | None:
        """Whether a step is likely to fit; None where that is not known."""
        return None if self.room is None else self.memory.total <= self.room


def estimate(
    train_config: Config,
    network: NetworkDescription,
    frozen: frozenset[str],
    options: TrainOptions,
) -> Estimates:
    """What a run of `network` needs on this machine. Mixed precision halves the activations."""
    slots = optimizer_slots(train_config.message("optimizer"))
    memory = training_memory(network, train_config.integer("batch_size"), slots, frozen)
    if options.precision != "float32":
        memory = memory._replace(activations=memory.activations // 2)
    return Estimates(
        memory, memory.weights + memory.slots, machine_memory(), gpus(), earlier_rate(options.model_dir)
    )


def machine_memory() -> int | None:
    """Bytes of memory that this process may use: the machine's, or the limit of its container."""
    found = []
    with contextlib.suppress(AttributeError, ValueError, OSError):  # not every system has these names
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in _CGROUP_LIMITS:
        with contextlib.suppress(OSError, ValueError):  # "max" is no number, and no limit
            found.append(int(Path(path).read_text()))
    return min(found, default=None)


def gpus() -> tuple[Gpu, ...]:
    """The NVIDIA GPUs of this machine, asked from their driver; none where it does not answer in time."""
    program = shutil.which("nvidia-smi")
    if program is None or os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return ()
    query = [program, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=1.5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    found = []
    for line in answer.splitlines():
        name, _, size = line.rpartition(",")
        with contextlib.suppress(ValueError):
            found.append(Gpu(name.strip(), int(size) << 20))
    return tuple(found)


def earlier_rate(model_dir: Path) -> float | None:
    """Steps per second of the latest rows of `metrics.jsonl`; the first row of a run, which traces, does not count."""
    try:
        lines = (model_dir / METRICS_FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    rates = []
    for line in lines[1:]:
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            rates.append(float(json.loads(line).get(RATE)))
    return statistics.median(rates[-_LATEST_ROWS:]) if rates else None


def in_bytes(size: float) -> str:
    """A size as people read it."""
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if size >= 10 or unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def in_time(seconds: float) -> str:
    """A span of time as people read it: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"
