"""Small functions recorded from the OD API: one config, its inputs and its outputs per case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse


class Case:
    """One recorded call; `inputs` and `outputs` are arrays by name."""

    def __init__(self, entry: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        self.id: str = entry["id"]
        self.text: str = entry["config"]
        self.params: dict[str, Any] = entry["params"]
        self.inputs = {name: arrays[key] for name, key in entry["inputs"].items()}
        self.outputs = {name: arrays[key] for name, key in entry["outputs"].items()}

    def config(self, root: str) -> Config:
        return read_config(parse(self.text), root)


class Golden:
    """All recorded calls."""

    def __init__(self, folder: Path) -> None:
        self._entries = json.loads((folder / "preprocess.json").read_text())["cases"]
        self._arrays = np.load(folder / "preprocess.npz")

    def cases(self, kind: str) -> Iterator[Case]:
        found = [entry for entry in self._entries if entry["kind"] == kind]
        assert found, f"no recorded case of kind {kind}"
        return (Case(entry, self._arrays) for entry in found)


@pytest.fixture(scope="session")
def golden(shared: Path) -> Golden:
    return Golden(shared / "oracle" / "golden")


@pytest.fixture(scope="session")
def message() -> Any:
    """Read a config text as a message: `message("AnchorGenerator", "...")`."""
    return lambda root, text: read_config(parse(text), root)
