"""Reference weights and pictures, computed from names as the reference data's own script does."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse


def inputs(shared: Path) -> ModuleType:
    """The module that computes reference weights and images."""
    spec = importlib.util.spec_from_file_location(
        "reference_inputs", shared / "oracle" / "reference_inputs.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(path: Path) -> Config:
    """The config at `path`."""
    return read_config(parse(path.read_text(encoding="utf-8")))


def curve(shared: Path, name: str) -> tuple[Config, dict[str, Any]]:
    """Config and recorded numbers of a loss curve."""
    folder = shared / "oracle" / "golden" / "curves"
    return read(folder / f"{name}.config"), json.loads((folder / f"{name}.json").read_text())


def reference_values(module: ModuleType, keys: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Key -> reference weight; keys as in checkpoints, with `model/` in front."""
    return {key: module.weight(key.removeprefix("model/"), shape) for key, shape in keys.items()}
