"""Shared fixtures. The reference data is optional: tests that need it are skipped where it is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Before TensorFlow is imported: results that do not depend on the processor's oneDNN kernels, and no greetings.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

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
