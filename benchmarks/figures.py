"""The figures of a training loop, taken alike of ours and of a peer's."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.op_times import op_times, rest_share

INPUT_BATCHES = 60


def figures(
    start: float, batches: Iterator[Any], step: Callable[[Any], Any], batch_size: int, steps: int
) -> dict[str, float]:
    """Train `steps` steps; then the input alone, then a profile of the step on one batch.

    `start` is `time.perf_counter()` at the start of the process; `step` returns when it has finished.
    """
    walls, cpus = [], []
    first = 0.0
    batch = None
    for index in range(steps):
        wall, cpu = time.perf_counter(), time.process_time()
        batch = next(batches)
        step(batch)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        if index == 0:
            first = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    kept = slice(min(5, steps // 3), None)
    median = statistics.median(walls[kept])
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(INPUT_BATCHES):
        next(batches)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    times = op_times(lambda: step(batch))
    return {
        "first_step_s": first,
        "step_s": median,
        "step_cpu_s": statistics.median(cpus[kept]),
        "images_per_s": batch_size / median,
        "peak_memory_mib": memory,
        "input_images_per_s": INPUT_BATCHES * batch_size / wall,
        "input_images_per_cpu_s": INPUT_BATCHES * batch_size / cpu,
        "operations_ms": sum(times.values()),
        "other_operations_share": rest_share(times),
    }
