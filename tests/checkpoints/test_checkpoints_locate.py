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


PB = "frozen/frozen_inference_graph.pb"
IN_TF1 = "saved_model_tf1/variables/variables"


@pytest.mark.parametrize(
    ("path", "prefix", "error", "kind"),
    [
        (PB, PB, "DataLossError", "frozen_graph"),
        ("frozen", PB, "ValueError", "frozen_graph"),
        ("saved_model_tf1", IN_TF1, "ValueError", "saved_model"),
        ("saved_model_tf1/saved_model.pb", IN_TF1, "DataLossError", "saved_model"),
        ("saved_model_tf1/variables", IN_TF1, "ValueError", "checkpoint"),
        (IN_TF1, IN_TF1, None, "checkpoint"),
        ("saved_model_frozen", "saved_model_frozen/saved_model.pb", "ValueError", "saved_model"),
        ("tf2/checkpoint", "tf2/ckpt-1", "DataLossError", "checkpoint"),
        ("v1/mobilenet.ckpt", "v1/mobilenet.ckpt", None, "checkpoint"),
        ("sharded/two.data-00001-of-00002", "sharded/two", "DataLossError", "checkpoint"),
    ],
)
def test_every_container_has_its_spellings(
    monkeypatch: pytest.MonkeyPatch, path: str, prefix: str, error: str | None, kind: str
) -> None:
    """The exceptions are those of TensorFlow's reader for such a path."""
    monkeypatch.chdir(FIXTURES)
    found = resolve_checkpoint(path)
    assert (found.prefix, found.error and found.error[0], found.kind) == (prefix, error, kind)
    assert len(found.notes) == (error is not None)
    assert open_checkpoint(path).entries


def test_a_graph_beside_a_checkpoint(tmp_path: Path) -> None:
    """As the archives of TF1 detectors have them: the folder means the checkpoint, and the graph says where it is."""
    for name in ("model.ckpt-7.index", "model.ckpt-7.data-00000-of-00001"):
        (tmp_path / name).write_bytes((FIXTURES / "tf1" / name).read_bytes())
    (tmp_path / "frozen_inference_graph.pb").write_bytes((FIXTURES / PB).read_bytes())
    prefix = f"{tmp_path}/model.ckpt-7"
    assert resolve_checkpoint(str(tmp_path)).prefix == prefix
    (note,) = resolve_checkpoint(f"{tmp_path}/frozen_inference_graph.pb").notes
    assert f"beside it is the checkpoint {prefix!r}" in note


def test_the_folder_above_a_saved_model_says_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "exported/saved_model").mkdir(parents=True)
    (tmp_path / "exported/saved_model/saved_model.pb").write_bytes(b"")
    with pytest.raises(UserError) as caught:
        resolve_checkpoint(str(tmp_path / "exported"))
    assert caught.value.hint == f"there is the SavedModel '{tmp_path}/exported/saved_model'"


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("ssd.tar.gz", "is an archive", "unpack it"),
        ("graph.pbtxt", "is a graph as text", "checkpoint beside it"),
        ("model.ckpt.meta", "is the graph of a checkpoint", "which are not here"),
        ("model.h5", "is a file of Keras", "tf.train.Checkpoint"),
        ("model.tflite", "is a model of TensorFlow Lite", "made of"),
        ("model.pth", "is a file of another framework", "no way"),
        ("other.pb", "is a file, but not a checkpoint", "before '.index'"),
    ],
)
def test_files_that_are_none_are_explained(tmp_path: Path, name: str, message: str, hint: str) -> None:
    (tmp_path / name).write_bytes(b"whatever it is")
    with pytest.raises(UserError) as caught:
        resolve_checkpoint(str(tmp_path / name))
    assert message in caught.value.message
    assert hint in str(caught.value.hint)


def test_a_saved_model_whose_variables_lost_their_index_is_not_taken_for_a_frozen_one(tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    for name in ("saved_model.pb", "variables/variables.data-00000-of-00001"):
        (tmp_path / name).write_bytes((FIXTURES / "saved_model_tf1" / name).read_bytes())
    with pytest.raises(UserError, match="has no .index file"):
        resolve_checkpoint(str(tmp_path))


@pytest.mark.slow
def test_tensorflow_raises_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    tf = pytest.importorskip("tensorflow")
    monkeypatch.chdir(FIXTURES)
    paths = [PB, "frozen", "saved_model_tf1", "saved_model_tf1/saved_model.pb", "tf2/checkpoint", "tf2/ckpt"]
    paths += ["saved_model_tf1/variables", "sharded/two.data-00001-of-00002"]
    for path in paths:
        error = resolve_checkpoint(path).error
        assert error is not None
        with pytest.raises(Exception) as caught:
            tf.train.list_variables(path)
        assert type(caught.value).__name__ == error[0], path
        assert str(caught.value).startswith(error[1]), path
