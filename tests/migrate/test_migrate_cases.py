"""Every case folder: a config before, the config after, and the report in the user's words."""

from __future__ import annotations

from pathlib import Path

import pytest
from migrate_facts import assert_balanced, comments, tree_leaves

from cfgtool.migrate import STEPS, Migration, migrate
from cfgtool.migrate.report import summary

FOLDER = Path(__file__).parent / "cases"
CASES = sorted(path.name for path in FOLDER.iterdir())


def run(text: str, options: str) -> Migration:
    written = options.partition("--written ")[2].partition(" ")[0]
    return migrate(
        text,
        target="tf2" if "--to tf2" in options else "same",
        unsafe="--unsafe-fixes" in options,
        written=written or None,
    )


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    before = (FOLDER / name / "before.config").read_text()
    options = before.partition("\n")[0]
    result = run(before, options)

    assert result.after == (FOLDER / name / "after.config").read_text()
    assert summary("before.config", result, written=True) == (FOLDER / name / "report.txt").read_text()
    assert_balanced(result, tree_leaves)
    assert comments(before) == comments(result.after)
    again = run(result.after, options)
    assert not again.done
    assert again.after == result.after


def test_every_step_has_a_case() -> None:
    told = "".join((FOLDER / name / "report.txt").read_text() for name in CASES)
    assert [step.id for step in STEPS if f": {step.id}: " not in told] == []


def test_every_unsafe_step_waits_to_be_asked() -> None:
    for name in CASES:
        before = (FOLDER / name / "before.config").read_text()
        careful = run(before, before.partition("\n")[0].replace("--unsafe-fixes", ""))
        agreed = careful.plan.target == "tf2"
        assert all(entry.step.safety == "safe" or (agreed and entry.step.turning) for entry in careful.done)
