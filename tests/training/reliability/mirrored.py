"""`python -m tests.training.reliability.mirrored CONFIG MODEL_DIR DEVICES OVERRIDE...`: train on virtual CPUs."""

from __future__ import annotations

import sys
from pathlib import Path

import tensorflow as tf

from cfgtool.training.run.job import load_job
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.run.train import run_training
from cfgtool.training.starting.plan import plan_start


def main(config: str, model_dir: str, devices: str, *overrides: str) -> None:
    """The strategy is `mirrored` on more than one device."""
    virtual = [tf.config.LogicalDeviceConfiguration()] * int(devices)
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], virtual)
    job = load_job(config, overrides)
    options = TrainOptions(
        config,
        Path(model_dir),
        log_every=1,
        quiet=True,
        sync_batch_norm=True,
        strategy="mirrored" if int(devices) > 1 else "none",
    )
    run_training(job, plan_start(job, options), options)


if __name__ == "__main__":
    main(*sys.argv[1:])
