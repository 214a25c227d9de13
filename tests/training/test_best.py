"""Which checkpoint of a run is kept as the best one, and what a resumed run knows of it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.training.evaluation.best import Best, lower_is_better
from cfgtool.training.run.optimizers import Momentum
from cfgtool.training.run.saving import Saver

METRIC = "DetectionBoxes_Precision/mAP"


class State(tf.Module):
    """A run's state of three numbers."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.step = tf.Variable(0, dtype=tf.int64)
        self.model = tf.Module()
        self.model.weight = tf.Variable(0.0)
        self.optimizer = Momentum({"weight": self.model.weight})
        self.saver = Saver(folder, keep=1, step=self.step, model=self.model, optimizer=self.optimizer)

    def reach(self, step: int) -> None:
        self.step.assign(step)
        self.model.weight.assign(step * 0.5)


def offered(
    folder: Path, values: dict[int, float], first: int = 0, metric: str = METRIC
) -> tuple[Best, list[int]]:
    """The best of a run that starts at step `first`, and the steps that were the best so far."""
    state = State(folder)
    best = Best(state.saver, folder, metric, first)
    steps = []
    for step, value in values.items():
        state.reach(step)
        if best.offer(step, value):
            steps.append(step)
    return best, steps


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("ckpt-*.index"))


def test_the_best_checkpoint_stays_alone(tmp_path: Path) -> None:
    best, steps = offered(tmp_path, {10: 0.1, 20: 0.3, 30: 0.2, 40: 0.3})
    assert steps == [10, 20]
    assert (best.step, best.value, best.waited) == (20, 0.3, 2)
    assert kept(tmp_path) == ["ckpt-20.index"]
    assert (
        tf.train.load_variable(str(tmp_path / "ckpt-20"), "model/weight/.ATTRIBUTES/VARIABLE_VALUE") == 10.0
    )
    other = State(tmp_path / "elsewhere")
    assert other.saver.resume(str(tmp_path / "ckpt-20")) == 20


def test_losses_are_better_when_lower(tmp_path: Path) -> None:
    assert lower_is_better("Loss/total_loss")
    assert not lower_is_better(METRIC)
    _, steps = offered(tmp_path, {1: 3.0, 2: 4.0, 3: 2.0}, metric="Loss/total_loss")
    assert steps == [1, 3]


def test_what_is_no_number_is_never_the_best(tmp_path: Path) -> None:
    best, steps = offered(tmp_path, {1: math.nan, 2: 0.5, 3: math.nan})
    assert steps == [2]
    assert (best.step, best.waited) == (2, 1)


def test_a_resumed_run_goes_on_counting(tmp_path: Path) -> None:
    offered(tmp_path, {10: 0.5, 20: 0.4, 30: 0.3})
    best, steps = offered(tmp_path, {40: 0.45}, first=30)
    assert steps == []
    assert (best.step, best.waited) == (10, 3)
    _, steps = offered(tmp_path, {50: 0.6}, first=40)
    assert steps == [50]
    assert kept(tmp_path) == ["ckpt-50.index"]


def test_steps_that_run_again_count_once(tmp_path: Path) -> None:
    """The run was killed at 30, its last checkpoint is of step 5: steps 10 to 30 come again."""
    offered(tmp_path, {10: 0.1, 20: 0.5, 30: 0.4})
    best, _ = offered(tmp_path, {10: 0.1, 20: 0.5, 30: 0.4}, first=5)
    assert (best.step, best.waited) == (20, 1)
    assert kept(tmp_path) == ["ckpt-20.index"]


def test_a_kill_between_checkpoint_and_note_is_made_good(tmp_path: Path) -> None:
    """The note is of step 10, the checkpoint of step 20: the resumed run finds step 20 again."""
    offered(tmp_path, {10: 0.1})
    note = (tmp_path / "best.json").read_bytes()
    offered(tmp_path, {20: 0.5}, first=10)
    (tmp_path / "best.json").write_bytes(note)
    best, steps = offered(tmp_path, {20: 0.5, 30: 0.4}, first=10)
    assert steps == [20]
    assert (best.step, best.waited) == (20, 1)
    assert kept(tmp_path) == ["ckpt-20.index"]


@pytest.mark.parametrize("damage", ["another metric", "no checkpoint", "no note", "half a note"])
def test_notes_that_do_not_count(tmp_path: Path, damage: str) -> None:
    offered(tmp_path, {10: 0.9})
    note = tmp_path / "best.json"
    content: dict[str, Any] = json.loads(note.read_text())
    if damage == "another metric":
        note.write_text(json.dumps({**content, "metric": "DetectionBoxes_Recall/AR@1"}))
    elif damage == "no checkpoint":
        (tmp_path / "ckpt-10.index").unlink()
    elif damage == "no note":
        note.unlink()
    else:
        note.write_text(note.read_text()[:20])
    best, steps = offered(tmp_path, {20: 0.5}, first=10)
    assert steps == [20]
    assert best.value == 0.5


def test_a_run_that_starts_anew_has_no_best_one_yet(tmp_path: Path) -> None:
    offered(tmp_path, {10: 0.9})
    best, steps = offered(tmp_path, {5: 0.1, 10: 0.2}, first=0)
    assert steps == [5, 10]
    assert (best.value, kept(tmp_path)) == (0.2, ["ckpt-10.index"])


def test_a_disk_that_refuses_is_named(tmp_path: Path) -> None:
    state = State(tmp_path / "best")
    best = Best(state.saver, tmp_path / "best", METRIC, 0)
    (tmp_path / "best").write_text("a file where the folder should be")
    with pytest.raises(UserError, match="could not be written"):
        best.offer(1, 0.5)


@pytest.mark.parametrize("metric", ["Loss/object_center", "Loss/RPNLoss/localization_loss"])
def test_of_any_loss_the_lowest_is_the_best(tmp_path: Path, metric: str) -> None:
    assert offered(tmp_path, {10: 0.3, 20: 0.1, 30: 0.2}, metric=metric)[1] == [10, 20]
