"""Our own training step, timed as `peer_od_api.py` times the OD API's; prints one JSON object."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

START = time.perf_counter()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main(config_path: str, steps: int, precision: str = "float32") -> None:
    """Train `steps` steps of the config and print the figures."""
    from benchmarks.figures import figures
    from cfgtool.training.run.job import load_job
    from cfgtool.training.run.options import TrainOptions
    from cfgtool.training.run.train import Run
    from cfgtool.training.starting.plan import plan_start

    with tempfile.TemporaryDirectory() as folder:
        options = TrainOptions(config_path, Path(folder), precision=precision)
        job = load_job(config_path)
        run = Run(job, plan_start(job, options), options)
        step_fn, batches = run.prepare()
        result = figures(
            START,
            batches,
            lambda batch: float(step_fn(batch)["Loss/total_loss"]),
            job.config.find("train_config").integer("batch_size"),
            steps,
        )
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
