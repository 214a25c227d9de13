"""Fixtures of the tests of commands."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_runs import Run

from cfgtool.cli.main import main


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Starts a command in this process."""

    def call(*args: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as stop:
            main([str(arg) for arg in args])
        status: Any = stop.value.code
        return subprocess.CompletedProcess(args, status, *capsysbinary.readouterr())

    return call
