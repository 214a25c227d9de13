"""Fixtures of the tests of paths with a scheme."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from served import Site, served

from cfgtool.cli.main import main


@pytest.fixture
def site(fixtures: Path) -> Iterator[Site]:
    """The fixtures on a web server. Skips where the driver is missing."""
    pytest.importorskip("aiohttp", reason="fsspec reads http:// with aiohttp, which is not installed")
    with served(fixtures) as found:
        yield found


@pytest.fixture
def memory() -> Iterator[Callable[[str, bytes], str]]:
    """Puts a file into fsspec's memory, which is empty before and after, and returns its path."""
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    system = fsspec.filesystem("memory")

    def put(name: str, data: bytes) -> str:
        system.pipe_file(f"/{name}", data)
        return f"memory://{name}"

    system.store.clear()
    yield put
    system.store.clear()


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Starts a command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*args: str | Path) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        with pytest.raises(SystemExit) as stop:
            main([str(arg) for arg in args])
        status: Any = stop.value.code
        return subprocess.CompletedProcess(args, status, *capsys.readouterr())

    return call
