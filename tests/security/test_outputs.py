"""Nothing is written, or removed, outside the folders that the user named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cfgtool.errors import UserError
from cfgtool.training.export.places import picture_paths
from cfgtool.training.starting.model_dir import check_writable, keep_state_local

MANY = "\n".join(
    (
        'model_checkpoint_path: "{folder}/ckpt-2"',
        'all_model_checkpoint_paths: "{folder}/ckpt-1"',
        'all_model_checkpoint_paths: "{folder}/ckpt-2"',
        "last_preserved_timestamp: 1795639066.1",
        "",
    )
)


def model_dir(folder: Path, state: str) -> Path:
    folder.mkdir()
    for number in (1, 2):
        for ending in ("index", "data-00000-of-00001"):
            (folder / f"ckpt-{number}.{ending}").write_bytes(b"x")
    (folder / "checkpoint").write_text(state)
    return folder


def test_state_file_that_names_another_folder_is_made_local(tmp_path: Path) -> None:
    folder = model_dir(tmp_path / "copy", MANY.format(folder=tmp_path / "original"))
    keep_state_local(folder)
    kept = (folder / "checkpoint").read_text()
    assert kept.startswith(
        'model_checkpoint_path: "ckpt-2"\nall_model_checkpoint_paths: "ckpt-1"\nall_model_checkpoint_paths: "ckpt-2"\n'
    )
    assert kept.count("all_model_checkpoint_timestamps: ") == 2


@pytest.mark.parametrize(
    "line",
    [
        'all_model_checkpoint_paths: "../original/ckpt-1"',
        "all_model_checkpoint_paths: '/etc/passwd'",
        'all_model_checkpoint_paths : "/etc/passwd"',
        'all_model_checkpoint_paths: "*"',
        'last_preserved_timestamp: 1 all_model_checkpoint_paths: "/etc/passwd"',
        'all_model_checkpoint_paths: "\\057etc\\057passwd"',
    ],
)
def test_other_spellings_are_left_out(line: str, tmp_path: Path) -> None:
    state = f'model_checkpoint_path: "ckpt-2"\nall_model_checkpoint_paths: "ckpt-2"\n{line}\n'
    folder = model_dir(tmp_path / "run", state)
    keep_state_local(folder)
    lines = (folder / "checkpoint").read_text().splitlines()
    kept = [line for line in lines if "timestamp" not in line]
    assert set(kept) <= {f'{field}: "ckpt-{number}"' for number in (1, 2)
                         for field in ("model_checkpoint_path", "all_model_checkpoint_paths")}  # fmt: skip


def test_state_file_of_a_run_stays_as_it_is(tmp_path: Path) -> None:
    state = MANY.replace("{folder}/", "")
    folder = model_dir(tmp_path / "run", state)
    keep_state_local(folder)
    assert (folder / "checkpoint").read_text() == state


def test_run_that_goes_on_in_a_copy_removes_nothing_of_the_original(tmp_path: Path) -> None:
    import tensorflow as tf

    from cfgtool.training.run.optimizers import Momentum
    from cfgtool.training.run.saving import Saver

    def saver(folder: Path) -> Saver:
        model = tf.Module()
        model.weight = tf.Variable(0.0)
        optimizer = Momentum({"weight": model.weight})
        return Saver(folder, keep=2, step=tf.Variable(0, dtype=tf.int64), model=model, optimizer=optimizer)

    original, copy = tmp_path / "original", tmp_path / "copy"
    for _ in range(2):
        saver(original).save(number=len(list(original.glob("*.index"))) + 1)
    shutil.copytree(original, copy)
    state = (copy / "checkpoint").read_text()
    (copy / "checkpoint").write_text(state.replace('"ckpt', f'"{original}/ckpt'))
    before = sorted(path.name for path in original.iterdir())
    resumed = saver(copy)
    for number in (3, 4, 5):
        resumed.save(number=number)
    assert sorted(path.name for path in original.iterdir()) == before
    assert {path.stem for path in copy.glob("*.index")} == {"ckpt-4", "ckpt-5"}


@pytest.mark.parametrize(
    "name", ["metrics.jsonl", "checkpoint", ".lock", "environment.json", "pipeline.config"]
)
def test_link_out_of_the_model_dir_is_refused(name: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    target = tmp_path / "precious"
    target.write_text("mine")
    (run / name).symlink_to(target)
    with pytest.raises(UserError, match="symbolic link"):
        check_writable(run)
    (run / name).unlink()
    (run / "inside").write_text("")
    (run / name).symlink_to("inside")
    check_writable(run)


def test_pictures_stay_in_their_folder(tmp_path: Path) -> None:
    """Whatever the images are called."""
    images = ["../../etc/passwd.png", "/etc/shadow.jpg", "..", "a/../../b.png", "..png"]
    for path in picture_paths(tmp_path / "out", images, force=False):
        assert path.resolve().parent == (tmp_path / "out").resolve()
