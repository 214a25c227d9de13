"""The model dir before a run: which checkpoint counts, room, permission, and that one run works in it at a time."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from cfgtool.errors import UserError
from cfgtool.training.run import run_lock
from cfgtool.training.run.run_lock import LOCK_FILE, RunLock, refuse_running
from cfgtool.training.starting.model_dir import (
    check_space,
    check_writable,
    latest_checkpoint,
    whole_checkpoints,
)

HOLDER = (
    "import sys\nfrom pathlib import Path\nfrom cfgtool.training.run.run_lock import RunLock\n"
    "lock = RunLock(Path(sys.argv[1]))\nprint(lock.take(), flush=True)\nsys.stdin.read()\nlock.release()"
)
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def earlier(tmp_path: Path, fixtures: Path) -> Path:
    """A model dir with checkpoints 1 and 2."""
    source = fixtures / "demo" / "pretrained"
    for number in (1, 2):
        for path in source.glob("ckpt-1.*"):
            shutil.copy(path, tmp_path / path.name.replace("ckpt-1", f"ckpt-{number}"))
    state = "".join(f'all_model_checkpoint_paths: "ckpt-{number}"\n' for number in (1, 2))
    (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "ckpt-2"\n{state}')
    return tmp_path


def names(folder: Path) -> list[str]:
    return [Path(checkpoint.path).name for checkpoint in whole_checkpoints(folder)[0]]


def test_the_newest_comes_first(earlier: Path) -> None:
    assert names(earlier) == ["ckpt-2", "ckpt-1"]
    latest = latest_checkpoint(earlier)
    assert latest is not None
    assert Path(latest.path).name == "ckpt-2"
    assert latest_checkpoint(earlier / "nowhere") is None


@pytest.mark.parametrize(
    ("ending", "harm", "note"),
    [
        ("data-00000-of-00001", "cut", "bytes"),
        ("data-00000-of-00001", "remove", "is missing"),
        ("index", "cut", "ckpt-2 is not used"),
        ("index", "remove", "ckpt-2 is not used"),
    ],
)
def test_a_broken_newest_gives_way(earlier: Path, ending: str, harm: str, note: str) -> None:
    path = earlier / f"ckpt-2.{ending}"
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:1000])
    else:
        path.unlink()
    assert names(earlier) == ["ckpt-1"]
    (said,) = whole_checkpoints(earlier)[1]
    assert note in said


def test_a_run_whose_checkpoints_are_all_broken_is_not_overwritten(earlier: Path) -> None:
    for path in earlier.glob("*.data-*"):
        path.unlink()
    with pytest.raises(UserError, match="none of the 2 checkpoints .*; give --restart"):
        whole_checkpoints(earlier)


def test_a_second_run_is_refused_while_the_first_works(tmp_path: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdin is not None
    assert first.stdout is not None
    assert first.stdout.readline() == "None\n"
    for attempt in (lambda: refuse_running(tmp_path), RunLock(tmp_path).take):
        with pytest.raises(UserError, match=f"process {first.pid} on {socket.gethostname()}"):
            attempt()
    first.stdin.close()
    first.wait()
    refuse_running(tmp_path)
    with RunLock(tmp_path) as lock:
        assert lock.take() is None, "the first one has ended by itself"


def test_the_lock_of_a_killed_run_is_taken_over(tmp_path: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout is not None
    first.stdout.readline()
    first.kill()
    first.wait()
    refuse_running(tmp_path)
    with RunLock(tmp_path) as lock:
        note = lock.take()
        assert note is not None
        assert f"process {first.pid}" in note
        assert json.loads((tmp_path / LOCK_FILE).read_text())["pid"] == os.getpid()
    assert (tmp_path / LOCK_FILE).read_text() == ""


@pytest.mark.parametrize(
    ("holder", "held"),
    [
        ({"pid": 1, "host": "elsewhere"}, True),
        ({"pid": os.getppid(), "host": socket.gethostname()}, True),
        ({"pid": os.getpid(), "host": socket.gethostname()}, False),
        ({"pid": 2**22 + 1, "host": socket.gethostname()}, False),
    ],
)
def test_without_locks_of_the_system_the_process_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holder: dict[str, object], held: bool
) -> None:
    monkeypatch.setattr(run_lock, "_locked", lambda handle: None)
    (tmp_path / LOCK_FILE).write_text(json.dumps(holder))
    if held:
        with pytest.raises(UserError, match=r"if it has gone, delete .*\.lock"):
            refuse_running(tmp_path)
    else:
        refuse_running(tmp_path)


def test_a_lock_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).mkdir()
    with pytest.raises(UserError, match=r"\.lock: cannot be written: Is a directory"):
        RunLock(tmp_path).take()


def test_a_file_in_the_place_of_the_model_dir(tmp_path: Path) -> None:
    path = tmp_path / "run"
    check_writable(path)
    path.write_text("")
    with pytest.raises(UserError, match="the model dir is a file"):
        check_writable(path)
    with pytest.raises(UserError, match="where it would be made, is a file"):
        check_writable(path / "deeper")


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UserError, match="read-only"):
        check_writable(tmp_path)


def test_room_for_the_checkpoints(earlier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = sum(path.stat().st_size for path in earlier.glob("ckpt-1.*"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 2 * size))
    check_space(earlier, size, 3)  # two of four are there already
    with pytest.raises(UserError, match="--keep 3 fits"):
        check_space(earlier, size, 4)
    with pytest.raises(UserError, match="4 checkpoints of"):
        check_space(earlier, size, 3, restart=True)  # which keeps the earlier ones
