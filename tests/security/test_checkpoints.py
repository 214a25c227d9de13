"""Checkpoints with hostile names and files; what their sizes and counts promise, `tests/checkpoints` looks at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile import STEERING

from cfgtool.checkpoints import open_checkpoint
from cfgtool.checkpoints.values import Values
from cfgtool.checkpoints.writer import Tensor, write_bundle
from cfgtool.cli.main import main
from cfgtool.errors import UserError

NAMES = (f"steering{STEERING}", "../../etc/passwd", "/etc/passwd", "a\nb: c", "%s%n{0}")


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    """A checkpoint whose variables have such names."""
    path = str(tmp_path / "ckpt-1")
    write_bundle(path, [Tensor(name, "float32", (1,), lambda: memoryview(bytes(4))) for name in NAMES])
    return path


@pytest.mark.parametrize("command", [("ls",), ("ls", "--flat"), ("verify",), ("show",)])
def test_names_do_not_steer_the_terminal(
    command: tuple[str, ...], prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["checkpoint", *command, prefix])
    shown = capsys.readouterr()
    assert not {"\x1b", "\x07", "\x9b", "\r", "\u202e"} & set(shown.out + shown.err)


def test_names_come_back_whole_in_json(prefix: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["checkpoint", "ls", prefix, "--format", "json"])
    listed = json.loads(capsys.readouterr().out)
    assert {entry["name"] for entry in listed["entries"]} == set(NAMES)


def test_converting_writes_one_checkpoint_whatever_its_variables_are_called(
    prefix: str, tmp_path: Path
) -> None:
    target = tmp_path / "out" / "ckpt-1"
    with pytest.raises(SystemExit):
        main(["checkpoint", "convert", prefix, "-o", str(target), "--format", "json"])
    below = {path.name for path in (tmp_path / "out").rglob("*")} if target.parent.exists() else set()
    assert below <= {"ckpt-1.index", "ckpt-1.data-00000-of-00001", "checkpoint"}
    assert {path.name for path in tmp_path.iterdir()} <= {
        "ckpt-1.index", "ckpt-1.data-00000-of-00001", "checkpoint", "out"
    }  # fmt: skip


def test_data_file_that_is_a_pipe_is_not_waited_for(prefix: str) -> None:
    data = Path(f"{prefix}.data-00000-of-00001")
    data.unlink()
    os.mkfifo(data)
    code = (
        "import sys; from cfgtool.checkpoints import open_checkpoint; from cfgtool.checkpoints.values import Values\n"
        "checkpoint = open_checkpoint(sys.argv[1]); entry = next(iter(checkpoint.entries.values()))\n"
        "from cfgtool.errors import UserError\n"
        "try: Values(checkpoint).raw(entry)\nexcept UserError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, prefix], capture_output=True, text=True, timeout=30, check=True
    )
    assert "is a pipe or a device" in done.stdout


def test_value_beyond_its_file_claims_nothing(prefix: str) -> None:
    checkpoint = open_checkpoint(prefix)
    entry = checkpoint.entries[NAMES[1]]
    entry.offset, entry.size, entry.shape = 1 << 50, 1 << 40, (1 << 38,)
    with pytest.raises(UserError, match="it ends before byte"):
        Values(checkpoint).raw(entry)
