"""Runs the command."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifests import DEMO, Manifest, Told

from cfgtool.cli.main import main


@pytest.fixture
def manifest(capfdbinary: pytest.CaptureFixture[bytes]) -> Manifest:
    """Runs `cfgtool manifest`; its status, standard output and standard error. The config is the demo's, if none is given."""

    def call(*words: str, config: str | Path = DEMO) -> Told:
        with pytest.raises(SystemExit) as stop:
            main(["manifest", str(config), *words])
        out, error = capfdbinary.readouterr()
        return int(stop.value.code or 0), out.decode(), error.decode()

    return call
