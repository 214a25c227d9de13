"""Fixtures of the text format tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfgtool.files import decode_text


@pytest.fixture(scope="session")
def corpus(shared: Path) -> dict[str, str]:
    """Name and text of every config of the reference corpus."""
    paths = sorted((shared / "corpus").glob("configs_tf*/*.config"))
    assert len(paths) > 100
    return {f"{path.parent.name}/{path.name}": decode_text(path.read_bytes()) for path in paths}


@pytest.fixture(scope="session")
def label_maps(shared: Path) -> dict[str, str]:
    """Name and text of the label maps of the reference corpus."""
    paths = sorted((shared / "corpus" / "label_maps").glob("*.pbtxt"))
    assert paths
    return {path.name: decode_text(path.read_bytes()) for path in paths}
