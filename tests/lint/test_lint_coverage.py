"""The tables of known flaws: every one has rules that find it, or a reason why none can."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from lint_cases import CASES, codes

from cfgtool.lint.rules import load, read_data
from tools import rule_coverage

TABLE = rule_coverage.load()
COVERED = [(kind, name) for kind, entries in TABLE.items() for name, entry in entries.items() if entry.rules]


def texts() -> dict[tuple[str, str], tuple[list[str], str]]:
    """(kind, id) -> texts with the flaw, and the nearest without."""
    found = {}
    for path in sorted((CASES / "flaws").glob("*.toml")):
        for kind, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
            found.update({(kind, name): (flawed, sound) for name, (*flawed, sound) in entries.items()})
    return found


TEXTS = texts()


def reported(text: str) -> set[str]:
    first, _, rest = text.partition("\n")
    target = first.removeprefix("# target: ")
    return set(codes(text, "tf2") if target == first else codes(rest, target))


def test_every_code_exists() -> None:
    known = set(load().records)
    assert {code for kind, name in COVERED for code in TABLE[kind][name].rules} <= known


@pytest.mark.parametrize("key", COVERED, ids="-".join)
def test_rules_fire(key: tuple[str, str]) -> None:
    """Each rule of a flaw speaks in one of its texts; where there are none, in the example of its own page."""
    docs = read_data("rule_docs.json")["docs"]
    rules = TABLE[key[0]][key[1]].rules
    if key in TEXTS:
        assert set(rules) <= set().union(*map(reported, TEXTS[key][0]))
    else:
        for code in rules:
            generations = load().rule(code).generations
            assert code in codes(docs[code]["example"], generations[0] if len(generations) == 1 else "auto")


@pytest.mark.parametrize("key", TEXTS, ids="-".join)
def test_texts_differ_in_the_flaw(key: tuple[str, str]) -> None:
    wanted = set(TABLE[key[0]][key[1]].rules)
    flawed, sound = TEXTS[key]
    assert all(wanted & reported(text) for text in flawed)
    assert not wanted & reported(sound)


@pytest.mark.reference
def test_table_is_complete(shared: Path) -> None:
    """Every known flaw is in the table, and nothing else."""
    facts = shared / "facts"
    known = {
        "constraint": set(
            re.findall(r"^\| (\d+\.\d+) \|", (facts / "constraints.md").read_text(), re.MULTILINE)
        ),
        "failure": {row["id"] for row in json.loads((facts / "failures.json").read_text())},
    }
    assert (len(known["constraint"]), len(known["failure"])) == (197, 149)
    for kind, names in known.items():
        assert set(TABLE[kind]) <= names
    done = {kind: {name for name, entry in entries.items() if any(entry)} for kind, entries in TABLE.items()}
    assert done == known


def test_broken_tables_are_refused(tmp_path: Path) -> None:
    def joined(**files: str) -> rule_coverage.Table:
        for name, text in files.items():
            (tmp_path / f"coverage_{name}.toml").write_text(text)
        return rule_coverage.load(tmp_path)

    assert joined(a='[constraint."1.1"]\nrules = ["CFG201"]')["constraint"]["1.1"].rules == ("CFG201",)
    both = joined(b='[constraint]\n"1.1" = { rules = ["CFG202", "CFG201"] }')
    assert both["constraint"]["1.1"].rules == ("CFG201", "CFG202")
    with pytest.raises(ValueError, match="reason beside rules"):
        joined(b='[constraint]\n"1.1" = { reason = "because it cannot be known from the file" }')
    with pytest.raises(ValueError, match=r"coverage_b.toml: failure\.x"):
        joined(b="[failure]\nx = { }")
    with pytest.raises(ValueError, match="coverage_b"):
        joined(b='[failure]\nx = { rules = ["CFG1"] }')
