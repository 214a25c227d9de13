"""Whole runs on the bundled shapes: start, steps, checkpoints, resume, evaluation."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.checkpoints import open_checkpoint
from cfgtool.errors import UserError
from cfgtool.training.run.evaluate import evaluate_checkpoint
from cfgtool.training.run.job import Job, load_job
from cfgtool.training.run.metrics import MAIN_METRIC
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.run.start import Start, find_checkpoint, plan_start, start_page
from cfgtool.training.run.train import Run

# Small enough that a step takes milliseconds; the network is still the real one.
SMALL = (
    "train_config.batch_size=2",
    "model.ssd.image_resizer.fixed_shape_resizer.height=64",
    "model.ssd.image_resizer.fixed_shape_resizer.width=64",
)
FRESH = 'train_config.fine_tune_checkpoint=""'


@pytest.fixture(scope="module")
def config(fixtures: Path) -> str:
    return str(fixtures / "demo" / "pipeline.config")


def options(config: str, model_dir: Path, steps: int, *changes: str, **more: Any) -> TrainOptions:
    overrides = (*SMALL, f"train_config.num_steps={steps}", *changes)
    return TrainOptions(config, model_dir, overrides=overrides, **{"log_every": 1, **more})


def prepare(chosen: TrainOptions) -> tuple[Job, Start]:
    job = load_job(chosen.config_path, chosen.overrides)
    return job, plan_start(job, chosen)


def trained(chosen: TrainOptions) -> Run:
    job, start = prepare(chosen)
    run = Run(job, start, chosen)
    run.run()
    return run


def values(run: Run) -> dict[str, np.ndarray]:
    """Every number of the run's state."""
    state = {name: variable.numpy() for name, variable in run.assembly.weights.by_name.items()}
    state.update(
        {
            f"optimizer/{variable.name}/{i}": variable.numpy()
            for i, variable in enumerate(run.optimizer.variables)
        }
    )
    return state


def rows(model_dir: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (model_dir / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def uninterrupted(config: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(options(config, tmp_path_factory.mktemp("whole"), 6, FRESH))


def test_a_run_leaves_what_it_promises(uninterrupted: Run) -> None:
    folder = uninterrupted.options.model_dir
    assert [row["step"] for row in rows(folder)] == [1, 2, 3, 4, 5, 6]
    last = rows(folder)[-1]
    assert {"Loss/total_loss", "Loss/localization_loss", "Loss/classification_loss", "learning_rate"} <= set(
        last
    )
    terms = [last[f"Loss/{name}_loss"] for name in ("localization", "classification", "regularization")]
    assert last["Loss/total_loss"] == pytest.approx(sum(terms), rel=1e-5)
    assert list((folder / "train").glob("events.out.tfevents.*"))
    assert load_job(str(folder / "pipeline.config")).config.find("train_config").integer("batch_size") == 2


def test_checkpoints_have_the_keys_of_the_od_api(uninterrupted: Run) -> None:
    checkpoint = find_checkpoint(uninterrupted.options.model_dir, None)
    described = uninterrupted.assembly.network.description.variables
    kept = {entry.key: entry.shape for entry in checkpoint.entries.values() if entry.key.startswith("model/")}
    slot = "/.OPTIMIZER_SLOT/optimizer/momentum"
    assert kept == {
        **{variable.tf2_key: variable.shape for variable in described},
        **{f"{variable.tf2_key}{slot}": variable.shape for variable in described if variable.trainable},
    }
    assert {"step", "save_counter"} <= set(checkpoint.entries)


def test_resuming_ends_where_an_uninterrupted_run_ends(
    config: str, tmp_path: Path, uninterrupted: Run
) -> None:
    trained(options(config, tmp_path, 3, FRESH))
    resumed = options(config, tmp_path, 6, FRESH)
    job, start = prepare(resumed)
    assert start.resume is not None
    run = Run(job, start, resumed)
    assert run.first_step == 3
    assert run.run() == 6
    whole, parts = values(uninterrupted), values(run)
    assert whole.keys() == parts.keys()
    for name, value in whole.items():
        np.testing.assert_array_equal(value, parts[name], err_msg=name)
    assert [row["step"] for row in rows(tmp_path)] == [1, 2, 3, 4, 5, 6]


def test_seeds_decide_the_start(config: str, tmp_path: Path, uninterrupted: Run) -> None:
    other = trained(options(config, tmp_path, 1, FRESH, seed=1))
    first = rows(uninterrupted.options.model_dir)[0]["Loss/total_loss"]
    assert rows(other.options.model_dir)[0]["Loss/total_loss"] != first


def test_frozen_variables_stay(config: str, tmp_path: Path) -> None:
    chosen = options(config, tmp_path, 2, FRESH, 'train_config.freeze_variables="backbone/.*"')
    job, start = prepare(chosen)
    run = Run(job, start, chosen)
    before = {name: variable.numpy() for name, variable in run.assembly.weights.by_name.items()}
    run.run()
    moved = {
        name
        for name, value in before.items()
        if not np.array_equal(value, run.assembly.weights[name].numpy())
    }
    assert not [name for name in moved if name.startswith("backbone/")]
    assert any(name.startswith("head/class") for name in moved)


def test_a_detection_checkpoint_gives_all_but_the_head(config: str, tmp_path: Path, fixtures: Path) -> None:
    chosen = options(config, tmp_path, 1)
    job, start = prepare(chosen)
    assert start.plan is not None
    run = Run(job, start, chosen)
    reader = tf.train.load_checkpoint(str(fixtures / "demo" / "pretrained" / "ckpt-1"))
    for variable in run.assembly.network.description.variables:
        assert variable.tf2_key is not None
        if variable.name.startswith("head/"):
            continue
        stored = reader.get_tensor(variable.tf2_key + "/.ATTRIBUTES/VARIABLE_VALUE")
        np.testing.assert_array_equal(run.assembly.weights[variable.name].numpy(), stored)
    assert any("pretrained" in line and "detection" in line for line in start_page(job, start, chosen))


def test_a_tf1_checkpoint_starts_a_tf2_network(config: str, tmp_path: Path) -> None:
    described = prepare(options(config, tmp_path / "unused", 1, FRESH))[1].network.variables
    rng = np.random.default_rng(0)
    tensors = {v.tf1_name: rng.normal(size=v.shape).astype(np.float32) for v in described if v.tf1_name}
    prefix = str(tmp_path / "model.ckpt")
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=list(tensors),
        shape_and_slices=[""] * len(tensors),
        tensors=list(tensors.values()),
    )
    chosen = options(config, tmp_path / "run", 1, f'train_config.fine_tune_checkpoint="{prefix}"')
    job, start = prepare(chosen)
    run = Run(job, start, chosen)
    for variable in described:
        if not variable.name.startswith("head/"):
            assert variable.tf1_name is not None
            np.testing.assert_array_equal(
                run.assembly.weights[variable.name].numpy(), tensors[variable.tf1_name]
            )


def test_a_loss_that_is_not_finite_stops_the_run(config: str, tmp_path: Path) -> None:
    rate = "train_config.optimizer.momentum_optimizer.learning_rate.cosine_decay_learning_rate"
    changes = (
        FRESH,
        f"{rate}.learning_rate_base=1e30",
        f"{rate}.warmup_steps=0",
        "train_config.gradient_clipping_by_norm=0",
    )
    with pytest.raises(UserError, match=r"not finite at step \d+: Loss/.*; learning rate 1e\+30; examples"):
        trained(options(config, tmp_path, 20, *changes))
    assert not list(tmp_path.glob("ckpt-*")), "broken weights are not saved"


def test_another_network_in_the_model_dir_is_refused(config: str, uninterrupted: Run) -> None:
    chosen = options(
        config, uninterrupted.options.model_dir, 9, FRESH, "model.ssd.feature_extractor.depth_multiplier=0.75"
    )
    with pytest.raises(UserError, match="run of another network"):
        prepare(chosen)


def test_restart_moves_the_earlier_run_aside(config: str, tmp_path: Path) -> None:
    trained(options(config, tmp_path, 1, FRESH))
    again = trained(options(config, tmp_path, 2, FRESH, restart=True))
    assert again.start.resume is None
    assert (tmp_path / "previous-1" / "checkpoint").is_file()
    assert [row["step"] for row in rows(tmp_path)] == [1, 2]


def test_old_checkpoints_go_and_the_last_step_is_saved(config: str, tmp_path: Path) -> None:
    trained(options(config, tmp_path, 5, FRESH, checkpoint_every=2, keep=2))
    assert sorted(path.name for path in tmp_path.glob("*.index")) == ["ckpt-2.index", "ckpt-3.index"]
    assert tf.train.load_variable(str(tmp_path / "ckpt-3"), "step/.ATTRIBUTES/VARIABLE_VALUE") == 5


def test_evaluation_reads_a_checkpoint_of_the_run(uninterrupted: Run) -> None:
    job = uninterrupted.job
    step, evaluation = evaluate_checkpoint(
        job, find_checkpoint(uninterrupted.options.model_dir, None), per_class=True
    )
    assert step == 6
    assert 0.0 <= evaluation.values[MAIN_METRIC] <= 1.0
    assert "DetectionBoxes_PerformanceByCategory/mAP/star" in evaluation.values
    assert evaluation.values["Loss/total_loss"] > 0.0
    assert next(evaluation.side_by_side(0.0)).width > 2 * 64


def test_averages_are_evaluated_when_asked_for(config: str, tmp_path: Path) -> None:
    chosen = options(config, tmp_path, 3, FRESH, "train_config.optimizer.use_moving_average=true")
    run = trained(chosen)
    _, raw = evaluate_checkpoint(run.job, find_checkpoint(tmp_path, None))
    job = load_job(config, (*chosen.overrides, "eval_config.use_moving_averages=true"))
    _, averaged = evaluate_checkpoint(job, find_checkpoint(tmp_path, None))
    assert averaged.values["Loss/total_loss"] != raw.values["Loss/total_loss"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (('train_input_reader.label_map_path="nowhere.pbtxt"',), "nowhere.pbtxt"),
        (("model.ssd.num_classes=3",), "the label map has id 4, but num_classes is 3"),
        (('train_input_reader.tf_record_input_reader.input_path="nowhere.record"',), "nowhere.record"),
        (('train_config.fine_tune_checkpoint="nowhere/ckpt-0"',), "nowhere/ckpt-0"),
        (('train_config.fine_tune_checkpoint_type="full"',), "have other shapes"),
        (
            ('train_config.fine_tune_checkpoint_type="classification"',),
            'fine_tune_checkpoint_type: "detection"',
        ),
        (("train_config.num_steps=0",), "num_steps"),
    ],
)
def test_what_would_fail_later_fails_at_the_start(
    config: str, tmp_path: Path, changes: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        prepare(options(config, tmp_path, 1, *changes))
    assert message in str(caught.value)
    assert not any(tmp_path.iterdir())


def test_a_checkpoint_without_data_serves_the_dry_run_only(
    config: str, tmp_path: Path, fixtures: Path
) -> None:
    index = fixtures / "demo" / "pretrained" / "ckpt-1.index"
    (tmp_path / "ckpt-1.index").write_bytes(index.read_bytes())
    assert open_checkpoint(str(tmp_path / "ckpt-1")).entries
    with pytest.raises(UserError, match="no data file 'ckpt-1.data-00000-of-00001'"):
        prepare(
            options(config, tmp_path / "run", 1, f'train_config.fine_tune_checkpoint="{tmp_path / "ckpt-1"}"')
        )


def command(config: str, model_dir: Path, steps: int) -> list[str]:
    changes = [part for change in (*SMALL, FRESH) for part in ("--set", change)]
    numbers = ["--num-steps", str(steps), "--log-every", "1", "--checkpoint-every", "2"]
    return [
        sys.executable,
        "-m",
        "cfgtool",
        "train",
        config,
        "--model-dir",
        str(model_dir),
        *numbers,
        *changes,
    ]


def wait_for_rows(model_dir: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Wait until the run has logged `count` steps."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if (model_dir / "metrics.jsonl").exists() and len(rows_text(model_dir)) >= count:
            return
        time.sleep(0.02)
    pytest.fail(f"the run did not reach step {count}: {process.communicate()}")


def rows_text(model_dir: Path) -> list[str]:
    return (model_dir / "metrics.jsonl").read_text().splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_ends_where_an_uninterrupted_run_ends(config: str, tmp_path: Path, number: int) -> None:
    steps = 60
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run(
        command(config, tmp_path / "whole", steps), check=True, env=environment, capture_output=True
    )
    process = subprocess.Popen(
        command(config, tmp_path / "parts", steps),
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for_rows(tmp_path / "parts", 7, process)
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == (-number if number == signal.SIGKILL else 130), errors
    assert "Traceback" not in errors
    if number != signal.SIGKILL:
        assert "go on with `cfgtool train" in errors
    subprocess.run(
        command(config, tmp_path / "parts", steps), check=True, env=environment, capture_output=True
    )
    ends = [
        tf.train.load_checkpoint(str(find_checkpoint(tmp_path / name, None).path))
        for name in ("whole", "parts")
    ]
    for name in ends[0].get_variable_to_shape_map():
        if name.startswith(("model/", "optimizer/", "step")):
            np.testing.assert_array_equal(ends[0].get_tensor(name), ends[1].get_tensor(name), err_msg=name)
    assert [json.loads(line)["step"] for line in rows_text(tmp_path / "parts")] == list(range(1, steps + 1))
