"""The documentation is whole: links lead somewhere, commands are described, README stays short."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cfgtool.cli.main import COMMANDS
from cfgtool.migrate import STEPS
from tools import make_migration_steps, make_reference

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
_LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    missing = [link for link in _LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert not missing


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) < 200


def test_the_command_reference_is_current() -> None:
    assert make_reference.TARGET.read_text() == make_reference.page()


def test_the_table_of_migration_steps_is_current_and_whole() -> None:
    text = make_migration_steps.TARGET.read_text()
    assert text == make_migration_steps.page()
    assert text.count("\n| ") == len(STEPS) + 2 * len(make_migration_steps.TABLES)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_section_and_help(name: str) -> None:
    assert f"\n## cfgtool {name}\n" in make_reference.TARGET.read_text()
    done = subprocess.run(
        [sys.executable, "-m", "cfgtool", name, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout
