"""Texts with known flaws of `rules/coverage_b.toml`: its rules speak in them, and are silent in the nearest sound text."""

from __future__ import annotations

import tomllib

import pytest
from lint_cases import CASES, codes

RULES = CASES.parents[2] / "rules"
COVERED = tomllib.loads((RULES / "coverage_b.toml").read_text(encoding="utf-8"))
FLAWS = [
    (COVERED[kind][name].get("rules", []), texts)
    for kind, flaws in tomllib.loads((CASES / "flaws" / "b.toml").read_text(encoding="utf-8")).items()
    for name, texts in flaws.items()
]
NAMES = [
    f"{kind}-{name}"
    for kind, flaws in tomllib.loads((CASES / "flaws" / "b.toml").read_text(encoding="utf-8")).items()
    for name in flaws
]


def reported(text: str) -> set[str]:
    """The codes of the findings, in the trainer that the first line names."""
    first, _, rest = text.partition("\n")
    target = first.removeprefix("# target: ")
    return set(codes(text, "tf2") if target == first else codes(rest, target))


@pytest.mark.parametrize(("rules", "texts"), FLAWS, ids=NAMES)
def test_flaw(rules: list[str], texts: list[str]) -> None:
    *flawed, sound = texts
    wanted = set(rules)
    assert all(wanted & reported(text) for text in flawed)
    assert wanted <= set().union(*map(reported, flawed))
    assert not wanted & reported(sound)
