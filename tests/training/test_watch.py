"""Which checkpoints of a model dir are found, in which order, and when the wait for more is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

from cfgtool.training.evaluation.watch import Watch, gone, listed_checkpoints


class Folder:
    """A model dir as a run fills it."""

    def __init__(self, path: Path, keep: int = 3) -> None:
        self.path = path
        self.step = tf.Variable(0, dtype=tf.int64)
        self._manager = tf.train.CheckpointManager(
            tf.train.Checkpoint(step=self.step), str(path), max_to_keep=keep, checkpoint_name="ckpt"
        )

    def save(self, count: int = 1) -> None:
        for _ in range(count):
            self.step.assign_add(10)
            self._manager.save()


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def watched(watch: Watch, after: Callable[[int], None] = lambda count: None, most: int = 10) -> list[str]:
    """Names of the checkpoints that a watch finds, at most so many; `after` happens after each of them."""
    found: list[str] = []
    for checkpoint in watch.checkpoints(lambda: len(found) >= most):
        found.append(Path(checkpoint.path).name)
        after(len(found))
    return found


def test_checkpoints_are_those_of_the_state_file(tmp_path: Path) -> None:
    Folder(tmp_path).save(12)
    assert names(listed_checkpoints(tmp_path)) == ["ckpt-10", "ckpt-11", "ckpt-12"]
    (tmp_path / "ckpt-13.index").write_bytes(b"half written")
    assert names(listed_checkpoints(tmp_path)) == ["ckpt-10", "ckpt-11", "ckpt-12"]
    (tmp_path / "ckpt-11.index").unlink()
    assert names(listed_checkpoints(tmp_path)) == ["ckpt-10", "ckpt-12"]


def test_without_a_state_file_the_indices_count(tmp_path: Path) -> None:
    Folder(tmp_path, keep=20).save(10)
    (tmp_path / "checkpoint").unlink()
    assert names(listed_checkpoints(tmp_path))[-2:] == ["ckpt-9", "ckpt-10"]
    assert listed_checkpoints(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("newest_only", "expected"), [(True, ["ckpt-3"]), (False, ["ckpt-1", "ckpt-2", "ckpt-3"])]
)
def test_the_start(tmp_path: Path, newest_only: bool, expected: list[str]) -> None:
    Folder(tmp_path).save(3)
    said: list[str] = []
    watch = Watch(tmp_path, timeout=0.0, interval=0.01, newest_only=newest_only, say=said.append)
    assert watched(watch) == expected
    assert said == ["no new checkpoint for 0 s, stopped waiting"]


def test_each_checkpoint_once_as_it_comes(tmp_path: Path) -> None:
    folder = Folder(tmp_path)

    def run() -> None:
        for _ in range(3):
            time.sleep(0.1)
            folder.save()

    thread = threading.Thread(target=run)
    thread.start()
    found = watched(Watch(tmp_path, timeout=30.0, interval=0.02), most=3)
    thread.join()
    assert found == ["ckpt-1", "ckpt-2", "ckpt-3"]


def test_what_comes_during_an_evaluation_is_not_missed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.save()
    watch = Watch(tmp_path, timeout=0.0, interval=0.01)
    assert watched(watch, lambda count: folder.save(2) if count == 1 else None) == [
        "ckpt-1",
        "ckpt-2",
        "ckpt-3",
    ]


def test_a_deleted_checkpoint_is_skipped_and_named(tmp_path: Path) -> None:
    folder = Folder(tmp_path, keep=2)
    folder.save(2)
    said: list[str] = []
    watch = Watch(tmp_path, timeout=0.0, interval=0.01, newest_only=False, say=said.append)
    assert watched(watch, lambda count: folder.save() if count == 1 else None) == [
        "ckpt-1",
        "ckpt-2",
        "ckpt-3",
    ]
    folder.save(2)
    said.clear()
    again = Watch(tmp_path, timeout=0.0, interval=0.01, newest_only=False, say=said.append)
    found = watched(again, lambda count: folder.save(2) if count == 1 else None)
    assert found == ["ckpt-4", "ckpt-6", "ckpt-7"]
    assert "ckpt-5 is gone, skipped" in said


def test_a_run_that_starts_anew_is_seen(tmp_path: Path) -> None:
    Folder(tmp_path).save()
    watch = Watch(tmp_path, timeout=0.0, interval=0.01)
    assert watched(watch) == ["ckpt-1"]
    time.sleep(0.01)
    Folder(tmp_path).save()
    assert watched(watch) == ["ckpt-1"]


def test_a_finished_run_is_not_waited_for(tmp_path: Path) -> None:
    Folder(tmp_path).save()
    assert watched(Watch(tmp_path, timeout=60.0, interval=60.0), most=1) == ["ckpt-1"]


def test_gone(tmp_path: Path) -> None:
    folder = Folder(tmp_path, keep=1)
    folder.save()
    (found,) = Watch(tmp_path, timeout=0.0, interval=0.01).checkpoints(lambda: False)
    assert not gone(found)
    folder.save()
    assert gone(found)
