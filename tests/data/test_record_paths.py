"""Record paths: globs, shards, and hints for those that match nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfgtool.data.paths import expand_paths, expand_pattern, missing_shards
from cfgtool.errors import UserError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for shard in (0, 1, 2):
        (tmp_path / f"train.record-0000{shard}-of-00003").touch()
    (tmp_path / "val.record").touch()
    (tmp_path / "sub.record").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("train.record-?????-of-00003", 3),
        ("train.record@3", 3),
        ("*.record", 1),
        ("val.record", 1),
        ("none*", 0),
        ("none.record", 0),
    ],
)
def test_patterns(folder: Path, pattern: str, count: int) -> None:
    paths = expand_pattern(pattern)
    assert len(paths) == count
    assert paths == sorted(paths)


def test_each_file_counts_once(folder: Path) -> None:
    assert expand_paths(["val.record", "*.record", "train.record@3"])[:2] == [
        "val.record",
        "train.record-00000-of-00003",
    ]


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ([], "no input_path"),
        (["vall.record"], "did you mean 'val.record'"),
        (["nowhere/val.record"], "no folder 'nowhere'"),
        (["train.record@4"], "4 of the files of 'train.record@4' are missing"),
        (["zzz"], "nothing like it"),
        (["*/zzz"], "relative paths start at"),
    ],
)
def test_what_matches_nothing(folder: Path, patterns: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        expand_paths(patterns)


@pytest.mark.parametrize(
    ("pattern", "found", "missing"),
    [("a-?????-of-00010", 8, 2), ("a-*-of-00010.record", 10, 0), ("a-*", 3, 0), ("a-00000-of-00010", 1, 0)],
)
def test_missing_shards(pattern: str, found: int, missing: int) -> None:
    assert missing_shards(pattern, ["x"] * found) == missing
