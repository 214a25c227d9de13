"""`cfgtool.remote`: bounded reads, parts, patterns, and one message for what goes wrong."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from served import Site, served

from cfgtool import remote
from cfgtool.checkpoints.writer import check_prefix
from cfgtool.data.paths import expand_paths, expand_pattern
from cfgtool.data.tfrecord import frame, frames, record_offsets, write_records
from cfgtool.errors import UserError
from cfgtool.files import atomic_write, exists, is_file, is_folder, read_bytes, read_proto, refuse_remote

Put = Callable[[str, bytes], str]


def test_files_in_memory(memory: Put) -> None:
    path = memory("bucket/a.config", "model {} # é".encode())
    assert read_proto(path) == "model {} # é"
    assert (exists(path), is_file(path), is_folder(path), is_folder("memory://bucket")) == (
        True,
        True,
        False,
        True,
    )
    assert not exists("memory://bucket/b.config")
    assert remote.names_in("memory://bucket") == ["a.config"]
    assert remote.names_in("memory://nothing") == []
    atomic_write(path, b"eval_config {}")
    assert read_bytes(path) == b"eval_config {}"


@pytest.mark.parametrize(
    ("path", "limit", "message"),
    [
        ("memory://bucket/none", 9, "no such file"),
        ("memory://bucket", 9, "is a directory, not a file"),
        ("memory://bucket/large", 1 << 20, "file is 3 MiB, and 1 MiB are read"),
    ],
)
def test_what_cannot_be_read(memory: Put, path: str, limit: int, message: str) -> None:
    memory("bucket/large", bytes(3 << 20))
    with pytest.raises(UserError) as caught:
        read_bytes(path, limit)
    assert (caught.value.message, caught.value.path) == (message, path)


def test_patterns(memory: Put) -> None:
    for name in ("a-00000-of-00002", "a-00001-of-00002", "b.record", "deep/a-00000-of-00002"):
        memory(f"bucket/{name}", b"")
    shards = ["memory://bucket/a-00000-of-00002", "memory://bucket/a-00001-of-00002"]
    assert expand_pattern("memory://bucket/a-*") == shards
    assert expand_pattern("memory://bucket/a-0000[01]-of-?0002") == shards
    assert expand_paths(["memory://bucket/b.record", "memory://bucket/a@2"]) == [
        "memory://bucket/b.record",
        *shards,
    ]
    assert expand_pattern("memory://bucket/deep") == []
    with pytest.raises(UserError, match="3 of the files of 'memory://bucket/a@3' are missing"):
        expand_paths(["memory://bucket/a@3"])
    memory("bucket/c-1", b"")
    assert expand_pattern("memory://bucket/c-*") == ["memory://bucket/c-1"]
    memory("bucket/c-2", b"")
    assert len(expand_pattern("memory://bucket/c-*")) == 2, "a listing is not kept"


def test_a_query_is_no_pattern() -> None:
    assert not remote.has_wildcards("https://example.org/a.record?sig=[x]")
    assert remote.has_wildcards("https://example.org/a-*")
    assert remote.has_wildcards("gs://bucket/a-?")


def test_records_are_walked_in_parts(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp", reason="fsspec reads http:// with aiohttp, which is not installed")
    data = [bytes([number % 251]) * (number * 997 % 70_000) for number in range(300)]
    path = tmp_path / "a.record"
    write_records(str(path), data)
    with served(tmp_path) as site:
        address = f"{site.address}/a.record"
        assert [record.verified() for record in frames(address)] == data
        assert site.sent() < path.stat().st_size + 2, "no byte is asked for twice"
        assert record_offsets(address) == record_offsets(str(path))
        site.asked.clear()
        assert remote.read_range(address, 5_000_000, 5_000_100) == path.read_bytes()[5_000_000:5_000_100]
        assert site.sent() < 100_000


def test_seeking_gives_what_a_file_gives(site: Site, fixtures: Path) -> None:
    with (
        open(fixtures / "shapes" / "shapes_train.record", "rb") as here,
        remote.open_file(f"{site.address}/shapes/shapes_train.record") as there,
    ):
        places = [
            (0, 12),
            (12, 70_000),
            (100, 5),
            (1_500_000, 200_000),
            (1_499_990, 30),
            (0, 1),
            (9_999_999, 4),
        ]
        for offset, count in places:
            for file in (here, there):
                file.seek(offset)
            assert there.read(count) == here.read(count)
        assert there.seek(-3, 2) == here.seek(-3, 2)
        assert there.read() == here.read()


def test_a_server_without_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp", reason="fsspec reads http:// with aiohttp, which is not installed")
    (tmp_path / "a.record").write_bytes(frame(b"x" * 2000) * 3)
    with served(tmp_path, ranges=False) as site:
        path = f"{site.address}/a.record"
        assert [record.verified() for record in frames(path)] == [b"x" * 2000] * 3
        monkeypatch.setattr(remote, "_WHOLE", 1000)
        with pytest.raises(UserError, match="the server sends whole files only; copy it"):
            record_offsets(path)


@pytest.mark.parametrize("status", [403, 500])
def test_answers_that_are_no_file(tmp_path: Path, status: int) -> None:
    pytest.importorskip("aiohttp", reason="fsspec reads http:// with aiohttp, which is not installed")
    with served(tmp_path, status=status) as site:
        path = f"{site.address}/pipeline.config"
        for ask in (read_bytes, exists, expand_pattern):
            with pytest.raises(UserError, match=f"cannot be read: {status}") as caught:
                ask(path)
            assert caught.value.path == path


def test_nobody_answers(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp", reason="fsspec reads http:// with aiohttp, which is not installed")
    with served(tmp_path) as site:
        path = f"{site.address}/pipeline.config"
    with pytest.raises(UserError, match="cannot be read: Cannot connect to host"):
        read_bytes(path)


def test_a_driver_s_own_exceptions_are_one_message(memory: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    path = memory("bucket/a", b"1")

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("Unable to locate credentials\nmore")

    monkeypatch.setattr(MemoryFileSystem, "info", fail)
    for ask in (exists, read_bytes, remote.open_file, remote.size):
        with pytest.raises(UserError) as caught:
            ask(path)
        assert (caught.value.message, caught.value.path) == (
            "cannot be read: Unable to locate credentials",
            path,
        )


@pytest.mark.parametrize(
    ("path", "package", "hint"),
    [("gs://b/x", "gcsfs", "pip install gcsfs"), ("s3://b/x", "s3fs", "pip install s3fs")],
)
def test_a_driver_that_is_not_installed(
    path: str, package: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    monkeypatch.setitem(sys.modules, package, None)
    known = importlib.import_module("fsspec.registry")._registry
    monkeypatch.delitem(known, path[:2], raising=False)
    with pytest.raises(UserError, match="is not installed") as caught:
        read_bytes(path)
    assert hint in str(caught.value.hint)


def test_fsspec_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(UserError, match="needs fsspec") as caught:
        exists("s3://bucket/a")
    assert "pip install fsspec s3fs" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere://b/x", "nothing is known that reads 'nowhere://'"),
        ("filecache::gs://b/x", "is a chain of schemes"),
    ],
)
def test_schemes_that_are_not_followed(path: str, message: str) -> None:
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    with pytest.raises(UserError, match=message):
        read_bytes(path)


def test_what_cannot_be_written(site: Site) -> None:
    with pytest.raises(UserError, match="web servers are for reading"):
        atomic_write(f"{site.address}/a.config", b"")
    with pytest.raises(UserError, match="has to be on this machine"):
        write_records("memory://bucket/a.record", [b""])
    with pytest.raises(UserError, match="a checkpoint that is written has to be on this machine"):
        check_prefix("s3://bucket/ckpt-1")


def test_pathlib_s_spelling_is_seen_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("gs://bucket/run", str(Path("gs://bucket/run"))):
        with pytest.raises(UserError, match="the model dir has to be on this machine") as caught:
            refuse_remote(path, "the model dir")
        assert caught.value.path == "gs://bucket/run"
    monkeypatch.chdir(tmp_path)
    for name in ("runs", "/runs/a:/b", "C:/runs", "a/b:/c", ""):
        refuse_remote(name, "the model dir")
    (tmp_path / "odd:").mkdir()
    refuse_remote("odd:/run", "the model dir")
