"""Paths as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfgtool.checkpoints import open_checkpoint, resolve_checkpoint
from cfgtool.errors import UserError

FIXTURES = Path(__file__).parents[2] / "fixtures" / "checkpoints"


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders as they are after downloading and training, with the current folder above them."""
    files = [
        "tf2/checkpoint/ckpt-0.index",
        "tf2/checkpoint/ckpt-0.data-00000-of-00001",
        "tf2/pipeline.config",
        "tf1/model.ckpt-45700.index",
        "tf1/frozen_inference_graph.pb",
        "run/ckpt-2.index",
        "run/ckpt-10.index",
        "run/ckpt-9.index",
        "half/ckpt-1.data-00000-of-00001",
        "empty/readme.txt",
    ]
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "prefix", "error"),
    [
        ("tf2/checkpoint/ckpt-0", "tf2/checkpoint/ckpt-0", None),
        ("tf2/checkpoint/ckpt-0.index", "tf2/checkpoint/ckpt-0", "OSError"),
        ("tf2/checkpoint/ckpt-0.data-00000-of-00001", "tf2/checkpoint/ckpt-0", "DataLossError"),
        ("tf1/model.ckpt-45700.meta", "tf1/model.ckpt-45700", "DataLossError"),
        ("tf2/checkpoint", "tf2/checkpoint/ckpt-0", "ValueError"),
        ("tf2/checkpoint/", "tf2/checkpoint/ckpt-0", "ValueError"),
        ("tf1/model.ckpt", "tf1/model.ckpt-45700", "NotFoundError"),
    ],
)
def test_spellings_that_are_understood(zoo: Path, path: str, prefix: str, error: str | None) -> None:
    found = resolve_checkpoint(path)
    assert (found.prefix, found.error[0] if found.error else None) == (prefix, error)
    assert [repr(prefix) in note and str(error) in note for note in found.notes] == [True] * (
        error is not None
    )


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("tf2/checkpoint/ckpt-1", "no such checkpoint", "near it is 'tf2/checkpoint/ckpt-0'"),
        ("tf2/ckpt-0", "no such checkpoint", "near it is 'tf2/checkpoint/ckpt-0'"),
        ("tf2.tar/ckpt-0", "no such checkpoint", "near it is 'tf2/checkpoint/ckpt-0'"),
        ("gone/ckpt-7", "no such checkpoint", "there is no folder 'gone'"),
        ("tf1/model_45700.ckpt", "no such checkpoint", "did you mean 'tf1/model.ckpt-45700'?"),
        ("run/ckpt", "no such checkpoint", "there are 'run/ckpt-2', 'run/ckpt-9', 'run/ckpt-10'"),
        (
            "run",
            "is a folder with several checkpoints",
            "name one: 'run/ckpt-2', 'run/ckpt-9', 'run/ckpt-10'",
        ),
        ("tf2", "is a folder without a checkpoint", "near it is 'tf2/checkpoint/ckpt-0'"),
        ("empty", "is a folder without a checkpoint", "no checkpoint is near it"),
        ("tf1/frozen_inference_graph.pb", "not a checkpoint", "before '.index'"),
        (
            "tf1/saved_model.pb",
            "a file of this kind is not a checkpoint",
            "near it is 'tf1/model.ckpt-45700'",
        ),
        ("half/ckpt-1", "has no .index file", "no checkpoint is near it"),
        ("half/ckpt-1.data-00000-of-00001", "not a checkpoint", "before '.index'"),
        ("gs://bucket/ckpt-0", "is a remote path", "copy its .index file here"),
        ("", "no such checkpoint", "near it"),
    ],
)
def test_spellings_that_are_not(zoo: Path, path: str, message: str, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve_checkpoint(path)
    assert message in caught.value.message
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize(
    ("state", "prefix"),
    [
        ('model_checkpoint_path: "ckpt-9"\nall_model_checkpoint_paths: "ckpt-2"\n', "run/ckpt-9"),
        ('# by hand\n  model_checkpoint_path : \'ckpt-2\'  # old\n', "run/ckpt-2"),
        ('model_checkpoint_path: "/home/someone/run/ckpt-10"\n', "run/ckpt-10"),
    ],
)  # fmt: skip
def test_the_state_file_of_a_folder_decides(zoo: Path, state: str, prefix: str) -> None:
    (zoo / "run/checkpoint").write_text(state)
    assert resolve_checkpoint("run").prefix == prefix


@pytest.mark.parametrize(
    "state", ["", "model_checkpoint_path:", 'model_checkpoint_path: "ckpt-77"', "\x00\xff"]
)
def test_a_state_file_that_says_nothing_decides_nothing(zoo: Path, state: str) -> None:
    (zoo / "run/checkpoint").write_text(state)
    with pytest.raises(UserError, match="several checkpoints"):
        resolve_checkpoint("run")


def test_a_moved_folder_of_training_is_opened() -> None:
    checkpoint = open_checkpoint(str(FIXTURES / "tf1"))
    assert checkpoint.path == str(FIXTURES / "tf1" / "model.ckpt-7")
    assert checkpoint.path_error is not None
    assert "state file" in checkpoint.notes[0]
