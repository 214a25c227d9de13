"""Shared fixtures. The reference data is optional: tests that need it are skipped where it is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = Path(os.environ.get("CFGTOOL_REFERENCE", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference data (`oracle/`, `corpus/`, `facts/`); set CFGTOOL_REFERENCE to point elsewhere."""
    if not (REFERENCE / "oracle").is_dir():
        pytest.skip(f"no reference data at {REFERENCE} (set CFGTOOL_REFERENCE)")
    return REFERENCE


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The small data that tests always need."""
    return ROOT / "fixtures"
