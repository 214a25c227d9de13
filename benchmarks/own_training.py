"""Our own training step, timed as `peer_od_api.py` times the OD API's; prints one JSON object."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

START = time.perf_counter()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main(config_path: str, steps: int) -> None:
    """Train `steps` steps of the config and print the figures."""
    from cfgtool.training.run.job import load_job
    from cfgtool.training.run.options import TrainOptions
    from cfgtool.training.run.start import plan_start
    from cfgtool.training.run.train import Run

    with tempfile.TemporaryDirectory() as folder:
        options = TrainOptions(config_path, Path(folder))
        job = load_job(config_path)
        run = Run(job, plan_start(job, options), options)
        step_fn, batches = run.prepare()
        walls, cpus = [], []
        first = 0.0
        for index in range(steps):
            wall, cpu = time.perf_counter(), time.process_time()
            float(step_fn(next(batches))["Loss/total_loss"])
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
            if index == 0:
                first = time.perf_counter() - START
    kept = slice(min(5, steps // 3), None)
    median = statistics.median(walls[kept])
    figures = {
        "first_step_s": first,
        "step_s": median,
        "step_cpu_s": statistics.median(cpus[kept]),
        "images_per_s": job.config.find("train_config").integer("batch_size") / median,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
