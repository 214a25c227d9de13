"""Steps on several devices and in several processes: the same losses as in one, and what happens when one goes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.training.run.cluster import ALONE
from cfgtool.training.run.distribution import Distribution, distribute

Words = Callable[..., list[str]]
SAME = (
    "model.ssd.box_predictor.convolutional_box_predictor.use_dropout=false",  # draws are of each replica's own
    "train_config.batch_size=8",
    "train_config.num_steps=5",
)
QUIET = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}


def losses(model_dir: Path) -> list[dict[str, float]]:
    rows = [json.loads(line) for line in (model_dir / "metrics.jsonl").read_text().splitlines()]
    return [{name: row[name] for name in row if name.startswith(("Loss/", "grad"))} for row in rows]


def close(found: list[dict[str, float]], wanted: list[dict[str, float]]) -> None:
    assert len(found) == len(wanted) == 5
    for row, want in zip(found, wanted, strict=True):
        assert row.keys() == want.keys()
        np.testing.assert_allclose(list(row.values()), list(want.values()), rtol=1e-3)
        assert row["Loss/total_loss"] == pytest.approx(want["Loss/total_loss"], rel=2e-5)


def on_devices(config: str, model_dir: Path, devices: int) -> list[dict[str, float]]:
    command = [
        sys.executable,
        "-m",
        "tests.training.reliability.mirrored",
        config,
        str(model_dir),
        str(devices),
    ]
    subprocess.run([*command, *SAME], check=True, env=QUIET, capture_output=True)
    return losses(model_dir)


@pytest.fixture(scope="module")
def config(fixtures: Path) -> str:
    return str(fixtures / "demo" / "pipeline.config")


@pytest.fixture(scope="module")
def alone(config: str, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, float]]:
    return on_devices(config, tmp_path_factory.mktemp("alone"), 1)


@pytest.mark.slow
def test_two_devices_compute_what_one_does(
    config: str, alone: list[dict[str, float]], tmp_path: Path
) -> None:
    close(on_devices(config, tmp_path, 2), alone)
    keys = dict(tf.train.list_variables(str(tmp_path / "ckpt-1")))
    assert not any("replica" in key for key in keys), "one copy is saved"


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture
def workers(words: Words, tmp_path: Path) -> Iterator[Callable[..., list[subprocess.Popen[str]]]]:
    """`workers(*options)`: two processes that train together in `tmp_path`."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> list[subprocess.Popen[str]]:
        addresses = ",".join(f"localhost:{port}" for port in free_ports(2))
        for index in range(2):
            command = words(
                tmp_path, "--workers", addresses, "--worker-index", str(index), "--quiet", *options
            )
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=QUIET
            )
            started.append(process)
        return started

    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_for_rows(model_dir: Path, count: int) -> None:
    deadline = time.monotonic() + 120
    path = model_dir / "metrics.jsonl"
    while time.monotonic() < deadline:
        if path.exists() and len(path.read_text().splitlines()) >= count:
            return
        time.sleep(0.05)
    pytest.fail(f"the run did not reach step {count}")


@pytest.mark.slow
def test_two_processes_compute_what_one_does(
    workers: Callable[..., list[subprocess.Popen[str]]], alone: list[dict[str, float]], tmp_path: Path
) -> None:
    changes = [word for change in SAME for word in ("--set", change)]
    for process in workers(*changes, "--sync-batch-norm", "--log-every", "1"):
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert "trained to step 5" in errors
    close(losses(tmp_path), alone)


@pytest.mark.slow
def test_a_worker_that_is_told_to_stop_stops_all(
    workers: Callable[..., list[subprocess.Popen[str]]], tmp_path: Path
) -> None:
    chief, other = workers("--num-steps", "100000", "--log-every", "1")
    wait_for_rows(tmp_path, 3)
    other.send_signal(signal.SIGTERM)
    ends = [process.communicate(timeout=120)[1] for process in (chief, other)]
    assert [chief.returncode, other.returncode] == [130, 130], ends
    steps = [end.split("stopped and saved at step ")[1].split(" ")[0] for end in ends]
    assert steps[0] == steps[1]
    reader = tf.train.load_checkpoint(str(tmp_path / "ckpt-1"))
    assert reader.get_tensor("step/.ATTRIBUTES/VARIABLE_VALUE") == int(steps[0])


@pytest.mark.slow
def test_a_worker_that_is_lost(workers: Callable[..., list[subprocess.Popen[str]]], tmp_path: Path) -> None:
    """The other stops with one message, and both go on from the last checkpoint."""
    options = ("--log-every", "1", "--checkpoint-every", "2")
    chief, other = workers("--num-steps", "100000", *options)
    wait_for_rows(tmp_path, 5)
    other.kill()
    _, errors = chief.communicate(timeout=120)
    assert chief.returncode == 2, errors
    assert "another worker is gone" in errors
    assert "Traceback" not in errors
    latest = tf.train.latest_checkpoint(str(tmp_path))
    step = int(tf.train.load_checkpoint(latest).get_tensor("step/.ATTRIBUTES/VARIABLE_VALUE"))
    assert step >= 4
    again = workers("--num-steps", str(step + 2), *options)[2:]
    for process in again:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert f"trained to step {step + 2}" in errors


def test_a_batch_that_cannot_be_shared() -> None:
    distribution = Distribution()
    assert distribution.share(7) == 7
    distribution.replicas = 2
    with pytest.raises(UserError, match="a batch of 7 cannot be shared by 2 replicas"):
        distribution.share(7)


def test_one_device_is_no_mirror() -> None:
    with pytest.raises(UserError, match="only one device"):
        distribute("mirrored", ALONE)
    assert distribute("auto", ALONE).replicas == 1
