"""Runs in this process, for tests that look at what becomes of the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cfgtool.training.evaluation.checkpoint import evaluate_checkpoint
from cfgtool.training.evaluation.evaluator import Evaluation
from cfgtool.training.run.job import load_job
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.run.train import Run
from cfgtool.training.starting.plan import find_checkpoint, plan_start


def trained(config: Path, model_dir: Path, **more: Any) -> Run:
    """A run of the config, done."""
    options = TrainOptions(str(config), model_dir, log_every=10, **more)
    job = load_job(str(config))
    run = Run(job, plan_start(job, options), options)
    run.run()
    return run


def learnt(config: Path, model_dir: Path) -> Evaluation:
    """What a run of the config has learnt, by its own evaluation reader."""
    run = trained(config, model_dir)
    _, evaluation = evaluate_checkpoint(run.job, find_checkpoint(model_dir, None))
    return evaluation


def check_that_a_seed_decides_every_bit(config: Path, folder: Path) -> None:
    """The same weights from the same seed, other ones from another."""
    runs = [trained(config, folder / str(number), seed=seed) for number, seed in enumerate((3, 3, 4))]
    states = [
        {name: variable.numpy() for name, variable in run.assembly.weights.by_name.items()} for run in runs
    ]
    for name, value in states[0].items():
        np.testing.assert_array_equal(states[1][name], value, err_msg=name)
    assert any(not np.array_equal(states[2][name], value) for name, value in states[0].items())
