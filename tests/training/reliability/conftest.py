"""Commands that train the demo's network on as little as shows something."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CFGTOOL = str(Path(sys.executable).parent / "cfgtool")


@pytest.fixture
def words(fixtures: Path) -> Callable[..., list[str]]:
    """`words(model_dir, *more)`: the command that trains the demo's config there."""

    def call(model_dir: Path, *more: str) -> list[str]:
        config = str(fixtures / "demo" / "pipeline.config")
        return [CFGTOOL, "train", config, "--model-dir", str(model_dir), *more]

    return call
