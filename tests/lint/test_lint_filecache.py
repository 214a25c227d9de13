"""What was read is kept while its files stay the same, and no longer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cfgtool.errors import UserError
from cfgtool.lint import filecache
from cfgtool.lint.context import Context
from cfgtool.lint.filecache import BOUND, cached
from cfgtool.schema import read_config
from cfgtool.textproto import parse


@pytest.fixture(autouse=True)
def empty() -> None:
    filecache.clear()


class Reader:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        return self.calls

    def fail(self) -> int:
        self.calls += 1
        raise UserError("cannot be read")


def test_kept_until_the_file_changes(tmp_path: Path) -> None:
    path, read = tmp_path / "a", Reader()
    path.write_text("one")
    assert [cached("kind", [str(path)], None, read) for _ in range(3)] == [1, 1, 1]
    os.utime(path, ns=(1, 1))
    assert cached("kind", [str(path)], None, read) == 2
    path.write_text("three")
    assert cached("kind", [str(path)], None, read) == 3


def test_other_kinds_and_other_questions_are_kept_apart(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    read, path = Reader(), str(tmp_path / "a")
    assert [cached("kind", [path], more, read) for more in (1, 2, 1)] == [1, 2, 1]
    assert cached("other", [path], 1, read) == 3


def test_missing_files_are_not_kept(tmp_path: Path) -> None:
    read = Reader()
    assert [cached("kind", [str(tmp_path / "none")], None, read) for _ in range(2)] == [1, 2]


def test_reasons_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    read = Reader()
    for _ in range(2):
        with pytest.raises(UserError, match="cannot be read"):
            cached("kind", [str(tmp_path / "a")], None, read.fail)
    assert read.calls == 1


def test_the_cache_is_bounded_and_forgets_what_is_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    path = [str(tmp_path / "a")]
    read, other = Reader(), Reader()
    cached("kept", path, None, read)
    for number in range(3 * BOUND):
        cached("others", path, number, other)
        cached("kept", path, None, read)
    assert read.calls == 1
    assert len(filecache._kept) == BOUND
    assert cached("others", path, 0, other) == 3 * BOUND + 1


def context(text: str, path: Path) -> Context:
    document = parse(text)
    return Context(read_config(document), document, str(path), "tf2")


def test_label_maps_and_checkpoints_are_kept(tmp_path: Path, fixtures: Path) -> None:
    (tmp_path / "map.pbtxt").write_text("item { id: 1 name: 'cat' }")
    text = f'train_config {{ fine_tune_checkpoint: "{fixtures}/lint/detector/ckpt-1" }}'
    one, other = (context(text, tmp_path / "pipeline.config") for _ in range(2))
    assert one.label_map("map.pbtxt") is other.label_map("map.pbtxt") is not None
    assert one.checkpoint() is other.checkpoint() is not None
    (tmp_path / "map.pbtxt").write_text("item { id: 1 name: 'dog' }")
    os.utime(tmp_path / "map.pbtxt", ns=(5, 5))
    again = context(text, tmp_path / "pipeline.config").label_map("map.pbtxt")
    assert again is not None
    assert again.lookup() == {"dog": 1}


def test_a_broken_label_map_is_noted_each_time(tmp_path: Path) -> None:
    (tmp_path / "map.pbtxt").write_text("item { id: 0 name: 'cat' }")
    for _ in range(2):
        made = context("", tmp_path / "pipeline.config")
        assert made.label_map("map.pbtxt") is None
        assert len(made.notes) == 1
