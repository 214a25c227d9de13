"""What lint flags, a step mends: of each step that was carried out, the rule of the same flaw is silent."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_migrate_cases import CASES, FOLDER, run

from cfgtool.lint.engine import Settings, analyse
from cfgtool.migrate import STEPS, Migration
from cfgtool.textproto import parse

FLAGGED_BY = {
    "A1": ["CFG421", "CFG110"],
    "A2": ["CFG110"],
    "A3": ["CFG110", "CFG111"],
    "A4": ["CFG110"],
    "A5": ["CFG110", "CFG210"],
    "A6": ["CFG421", "CFG210"],
    "A7": ["CFG110", "CFG210"],
    "A8": ["CFG403"],
    "A9": ["CFG401"],
    "A11": ["CFG410"],
    "B1": ["CFG150"],
    "B2": ["CFG153"],
    "B3": ["CFG153"],
    "B4": ["CFG151", "CFG152"],
    "B5": ["CFG151"],
    "B6": ["CFG154"],
    "B7": ["CFG104"],
    "B8": ["CFG101"],
    "B9": ["CFG101", "CFG102"],
    "B10": ["CFG103"],
    "B11": ["CFG113"],
    "B12": ["CFG114"],
    "B13": ["CFG114", "CFG115", "CFG116", "CFG117", "CFG118"],
    "B14": ["CFG112"],
    "B19": ["CFG119", "CFG120", "CFG124", "CFG126", "CFG127", "CFG128", "CFG129", "CFG130"],
    "B21": ["CFG219"],
    "C1": ["CFG701"],
    "C2": ["CFG701"],
    "C5": ["CFG702"],
    "C6": ["CFG713"],
    "C7": ["CFG701"],
    "D1": ["CFG201"],
    "D2": ["CFG225"],
    "D4": ["CFG132", "CFG220"],
    "D5": ["CFG121"],
    "E2": ["CFG109"],
    "E3": ["CFG105"],
    "E4": ["CFG134"],
    "E5": ["CFG213"],
    "E6": ["CFG215", "CFG216", "CFG217"],
    "E7": ["CFG122", "CFG123"],
    "E8": ["CFG106", "CFG107"],
    "E9": ["CFG212"],
    "E12": ["CFG619"],
    "E13": ["CFG223"],
    "E14": ["CFG214"],
    "E15": ["CFG224"],
    "E16": ["CFG611"],
    "E17": ["CFG624"],
    "E18": ["CFG320"],
    "R1": ["CFG155"],
    "R2": ["CFG157"],
    "R3": ["CFG156"],
    "R4": ["CFG158"],
    "R6": ["CFG160"],
    "R7": ["CFG190"],
    "R8": ["CFG033"],
}
"""Step -> the rules that find the same flaw. Steps without one mend what only the builders trip over (D7 to
D9, E19), or what only the date tells (H)."""

SHARED_LEFT = {"C5": "C4", "R7": "R5"}
"""Two steps that share a rule: what the first has mended, the second may still ask for."""


def codes(text: str, generation: str) -> set[str]:
    return {finding.code for finding in analyse(parse(text), None, Settings(generation)).findings}


def still_flagged(result: Migration) -> set[str]:
    """Rules of the steps carried out that find something in the result, but for what is left to the user."""
    left = {entry.step.id for entry in result.left}
    done = {entry.step.id for entry in result.done} - left
    done -= {first for first, second in SHARED_LEFT.items() if second in left}
    return codes(result.after, result.plan.trainer) & {
        code for id_ in done for code in FLAGGED_BY.get(id_, ())
    }


@pytest.mark.parametrize("name", CASES)
def test_what_was_mended_is_silent(name: str) -> None:
    before = (FOLDER / name / "before.config").read_text()
    assert still_flagged(run(before, before.partition("\n")[0])) == set()


def test_every_rule_of_the_table_speaks_up_before() -> None:
    silent = {(id_, code) for id_, found in FLAGGED_BY.items() for code in found}
    for name in CASES:
        before = (FOLDER / name / "before.config").read_text()
        result = run(before, before.partition("\n")[0])
        found = codes(before, result.plan.trainer)
        silent -= {(entry.step.id, code) for entry in result.done for code in found}
    assert silent == set()


def test_the_table_names_steps() -> None:
    assert set(FLAGGED_BY) <= {step.id for step in STEPS}


def test_removed_fields_are_flagged_by_a_rule_of_their_own() -> None:
    """Lint knows each field that a config can have lost, and says more than 'unknown'."""
    from test_migrate_history import gone_names, way_to, wrapped

    from cfgtool.schema import load

    for name in gone_names():
        owner, _, field = name.rpartition(".")
        if owner in load().messages:
            assert codes(wrapped(way_to(owner), f"{field}: 1"), "tf2") & {
                f"CFG{number}" for number in (*range(150, 161), *range(190, 200))
            }, name


@pytest.mark.reference
def test_what_was_mended_in_the_samples_is_silent(shared: Path) -> None:
    from cfgtool.files import read_text
    from cfgtool.migrate import migrate

    for path in sorted((shared / "corpus").glob("configs_tf?/*.config")):
        for target in ("same", "tf2"):
            for unsafe in (False, True):
                result = migrate(read_text(str(path)), target=target, unsafe=unsafe)
                assert still_flagged(result) == set(), path.name
