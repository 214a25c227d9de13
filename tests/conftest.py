"""Shared fixtures. The reference data is optional: tests that need it are skipped where it is absent."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

# Before TensorFlow is imported: results that do not depend on the processor's oneDNN kernels, and no greetings.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = Path(os.environ.get("CFGTOOL_REFERENCE", ROOT.parent / "shared"))

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
Browse = Callable[..., tuple[str, str]]


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


@pytest.fixture
def browse(tmp_path: Path) -> Browse:
    """Opens a page and gives its document, as it is when all has run, and what the browser said. Skips without one."""
    if BROWSER is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")

    def run(page: Path, fragment: str = "", *options: str) -> tuple[str, str]:
        command = [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000",
            *options, f"{page.as_uri()}{fragment}",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout, done.stderr

    return run
