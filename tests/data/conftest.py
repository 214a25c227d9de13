"""Examples to spoil."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfgtool.data import keys
from cfgtool.data.example import encode_example
from cfgtool.data.tfrecord import write_records

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", 200, 100, 8, 2, 0, 0, 0)

LABEL_MAP = "item { id: 1 name: 'cat' } item { id: 2 name: 'dog' } item { id: 3 name: 'bird' }"


def good_features() -> dict[str, list[Any]]:
    """A sound example with a cat and a dog."""
    return {
        keys.IMAGE: [PNG],
        keys.FORMAT: [b"png"],
        keys.HEIGHT: [100],
        keys.WIDTH: [200],
        keys.SOURCE_ID: [b"1"],
        keys.YMIN: [0.1, 0.5],
        keys.XMIN: [0.2, 0.0],
        keys.YMAX: [0.6, 1.0],
        keys.XMAX: [0.7, 0.25],
        keys.LABEL: [1, 2],
        keys.TEXT: [b"cat", b"dog"],
    }


@pytest.fixture
def features() -> dict[str, list[Any]]:
    return good_features()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Writes examples, given as changes to a sound one, to a record file; returns its path."""

    def write_changed(*changes: dict[str, list[Any]], name: str = "data.record") -> str:
        examples = []
        for number, change in enumerate(changes):
            features = good_features() | {keys.SOURCE_ID: [str(number)]} | change
            examples.append(encode_example({key: value for key, value in features.items() if value}))
        path = str(tmp_path / name)
        write_records(path, examples)
        return path

    return write_changed


@pytest.fixture
def label_map_file(tmp_path: Path) -> str:
    path = tmp_path / "map.pbtxt"
    path.write_text(LABEL_MAP)
    return str(path)
