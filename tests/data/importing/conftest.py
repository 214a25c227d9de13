"""Imports as a user runs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from cfgtool.cli.main import main


class Done(NamedTuple):
    status: int
    out: str
    err: str
    folder: Path


@pytest.fixture
def run_import(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Done]:
    """Runs `cfgtool data import ARGUMENTS -o FOLDER` in this process."""

    def run(*arguments: object, folder: Path | None = None) -> Done:
        target = folder or tmp_path / "out"
        with pytest.raises(SystemExit) as caught:
            main(["data", "import", *map(str, arguments), "-o", str(target)])
        captured = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        assert "Traceback" not in captured.err
        return Done(caught.value.code, captured.out, captured.err, target)

    return run
