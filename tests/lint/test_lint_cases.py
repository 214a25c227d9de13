"""Cases as files: `ok` is silent, `err` has its expected findings beside it, `fix` the fixed text."""

from __future__ import annotations

from pathlib import Path

import pytest
from lint_cases import CASES, lines, lint, read

from cfgtool.files import encode_text
from cfgtool.lint.engine import Settings
from cfgtool.lint.fixing import fix_text
from cfgtool.textproto import parse


def files(folder: str, *endings: str) -> list[Path]:
    return sorted(path for ending in endings for path in (CASES / folder).glob(f"*{ending}"))


def name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", files("ok", ".config", ".pbtxt"), ids=name)
def test_ok(path: Path) -> None:
    assert lines(read(path)) == []


@pytest.mark.parametrize("path", files("err", ".config", ".pbtxt"), ids=name)
def test_err(path: Path) -> None:
    assert lines(read(path)) == path.with_suffix(".out").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("path", files("fix", ".config"), ids=name)
def test_fix(path: Path) -> None:
    unsafe = path.stem.endswith("_unsafe")
    outcome = fix_text(read(path), None, Settings(), unsafe)
    assert encode_text(outcome.text) == path.with_suffix(".fixed").read_bytes()
    again = fix_text(outcome.text, None, Settings(), unsafe)
    assert (again.text, again.applied) == (outcome.text, 0)


@pytest.mark.parametrize("path", files("err", ".config") + files("fix", ".config"), ids=name)
@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_fixing_never_makes_it_worse(path: Path, unsafe: bool) -> None:
    before = read(path)
    outcome = fix_text(before, None, Settings(), unsafe)
    assert len(parse(outcome.text).problems) <= len(parse(before).problems)
    errors = [sum(f.severity == "error" for f in lint(text)) for text in (outcome.text, before)]
    assert errors[0] <= errors[1]


@pytest.mark.parametrize("path", files("err", ".config") + files("ok", ".config"), ids=name)
def test_any_part_of_a_config_can_be_linted(path: Path) -> None:
    """A text that is being typed: nothing raises, and every finding lies in the text."""
    text = read(path)
    for end in range(0, len(text), 7):
        for finding in lint(text[:end]):
            assert 0 <= finding.start <= finding.end <= end
            for edit in finding.fix.edits if finding.fix else ():
                assert 0 <= edit.start <= edit.end <= end
