"""Whole runs on the bundled shapes: start, steps, checkpoints, resume, evaluation."""

from __future__ import annotations

import json
import os
import re
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
from cfgtool.data import keys, objects
from cfgtool.data.example import decode_example
from cfgtool.data.tfrecord import frames
from cfgtool.errors import UserError
from cfgtool.lint import rules
from cfgtool.training.evaluation.checkpoint import evaluate_checkpoint
from cfgtool.training.evaluation.metrics import MAIN_METRIC
from cfgtool.training.run.causes import DIVERGENCE, config_causes
from cfgtool.training.run.job import Job, load_job
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.run.train import Run, run_training
from cfgtool.training.starting.model_dir import step_of
from cfgtool.training.starting.plan import Start, find_checkpoint, plan_start

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
    kept = load_job(str(folder / "pipeline.config")).config
    assert kept.find("train_config").integer("batch_size") == 2
    assert Path(kept.find("train_input_reader").text("label_map_path")).is_absolute()


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


RATE = "train_config.optimizer.momentum_optimizer.learning_rate.cosine_decay_learning_rate"
DIVERGING = (
    FRESH,
    f"{RATE}.learning_rate_base=1e30",
    f"{RATE}.warmup_steps=0",
    "train_config.gradient_clipping_by_norm=0",
)


def test_a_loss_that_is_not_finite_stops_the_run(config: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not finite at step \d+: Loss/\w+ is (nan|inf)") as caught:
        trained(options(config, tmp_path, 20, *DIVERGING))
    message = caught.value.message
    assert "learning rate 1e+30" in message
    assert "gradient norm" in message
    assert "CFG614 (line " in message, "the rule about the rate"
    assert "gradient_clipping_by_norm is not set" in message
    assert "there is no checkpoint yet" in message
    named = re.findall(r"(train_\d+) \((\S+), record (\d+), byte (\d+)\)", message)
    assert len(named) == 2, "both examples of the batch, with file and place"
    for source, path, record, offset in named:
        found = list(frames(path))[int(record)]
        assert found.offset == int(offset)
        assert objects.first_bytes(decode_example(found.data), keys.SOURCE_ID) == source.encode()
    assert not list(tmp_path.glob("ckpt-*")), "broken weights are not saved"


def test_causes_are_those_of_this_config(config: str, tmp_path: Path) -> None:
    clipped = (*SMALL, FRESH, "train_config.batch_size=16", f"{RATE}.learning_rate_base=0.01")
    assert not list(config_causes(load_job(config, clipped)))
    found = list(config_causes(load_job(config, (*SMALL, *DIVERGING))))
    assert found[0].startswith("CFG614")


def test_rules_about_divergence_exist() -> None:
    catalogue = rules.load()
    for code in DIVERGENCE:
        assert catalogue.rule(code).code == code


def test_weights_that_are_not_finite_are_not_saved(config: str, tmp_path: Path) -> None:
    run = trained(options(config, tmp_path, 1, FRESH))
    variable = run.assembly.weights.trainable[0]
    variable.assign(tf.fill(variable.shape, float("nan")))
    with pytest.raises(UserError, match=r"after step 1 the weights are not finite: .*ckpt-1 is intact"):
        run.saver.save()
    assert run.saver.latest == str(tmp_path / "ckpt-1")


def test_everything_unsupported_is_listed(config: str, tmp_path: Path) -> None:
    chosen = options(
        config,
        tmp_path,
        1,
        FRESH,
        "train_input_reader.num_readers=0",
        "train_input_reader.max_number_of_boxes=0",
        "model.ssd.add_background_class=false",
        "model.ssd.encode_background_as_zeros=false",
        "eval_config.metrics_set=nowhere_metrics",
        eval_every=1,
    )
    job, start = prepare(chosen)
    with pytest.raises(UserError, match="4 settings") as caught:
        Run(job, start, chosen)
    message = caught.value.message
    for name in ("num_readers", "max_number_of_boxes", "encode_background_as_zeros", "nowhere_metrics"):
        assert name in message
    assert re.search(r"line \d+: eval_config.metrics_set", message)
    assert not any(tmp_path.iterdir())


def test_a_damaged_checkpoint_gives_way_to_the_one_before(config: str, tmp_path: Path) -> None:
    trained(options(config, tmp_path, 4, FRESH, checkpoint_every=2))
    data = tmp_path / "ckpt-2.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    content[50_000:50_100] = bytes(100)
    data.write_bytes(content)
    chosen = options(config, tmp_path, 6, FRESH)
    job, start = prepare(chosen)
    assert start.first_step == 4, "its files are all there: only reading the values shows the damage"
    run = Run(job, start, chosen)
    assert run.first_step == 2
    assert "ckpt-2 is not used: checkpoint cannot be read" in run.notes[0]
    assert "{{" not in run.notes[0]
    assert run.notes[1].endswith("ckpt-1 at step 2 instead")
    assert run.run() == 6


def test_every_start_is_recorded(config: str, tmp_path: Path) -> None:
    trained(options(config, tmp_path, 1, FRESH))
    trained(options(config, tmp_path, 2, FRESH, seed=7, command="cfgtool train again"))
    first, second = json.loads((tmp_path / "environment.json").read_text())["starts"]
    assert (first["step"], second["step"]) == (0, 1)
    assert (second["seed"], second["command"]) == (7, "cfgtool train again")
    assert first["tensorflow"] == tf.__version__
    assert first["numpy"] == np.__version__
    assert first["cpus"] >= 1
    assert first["memory"] > 1 << 28
    assert first["cpu"]


def test_the_first_images_are_in_tensorboard(config: str, tmp_path: Path) -> None:
    chosen = options(config, tmp_path, 1, FRESH)
    trained(options(config, tmp_path, 1, FRESH, "train_input_reader.shuffle=false"))
    (events,) = (tmp_path / "train").glob("events.out.tfevents.*")
    pictures = [
        value.tensor.string_val
        for event in tf.compat.v1.train.summary_iterator(str(events))
        for value in event.summary.value
        if value.tag == "train_input_images"
    ]
    assert len(pictures) == 1
    width, height, *images = pictures[0]
    assert (width, height, len(images)) == (b"64", b"64", 2), "two images in the batch, three at most"
    shown = tf.io.decode_png(images[0]).numpy().astype(int)
    record = next(iter(frames(job_records(chosen)[0])))
    stored = tf.io.decode_image(objects.first_bytes(decode_example(record.data), keys.IMAGE))
    expected = tf.image.resize(stored, (64, 64)).numpy()
    # Brightness moves by a tenth at most, and half of the images are mirrored.
    nearer = min(np.abs(shown - expected).mean(), np.abs(shown - expected[:, ::-1]).mean())
    assert nearer < 0.11 * 255


def job_records(chosen: TrainOptions) -> list[str]:
    reader = load_job(chosen.config_path, chosen.overrides).config.message("train_input_reader")
    return reader.message("tf_record_input_reader").texts("input_path")


class _Ender:
    """A hook that ends the run after two steps."""

    def due(self, step: int) -> bool:
        return step == 2

    def run(self, step: int, values: Any) -> str | None:
        return "enough"


def test_a_hook_ends_the_run_and_its_step_is_saved(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cfgtool.training.run.train.EvalHook", lambda *arguments: _Ender())
    chosen = options(config, tmp_path, 5, FRESH, eval_every=1)
    job, start = prepare(chosen)
    outcome = run_training(job, start, chosen)
    assert outcome == (2, "enough")
    assert step_of(find_checkpoint(tmp_path, None)) == 2


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
