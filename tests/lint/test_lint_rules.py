"""What holds for every rule: its name, its documentation, and that its examples do as they say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from lint_cases import codes, lint

from cfgtool.lint.engine import Settings
from cfgtool.lint.fixing import fix_text
from cfgtool.lint.rules import CATEGORIES, Rule, load, read_data
from cfgtool.schema import SLUGS
from cfgtool.schema import load as load_schema
from cfgtool.textproto.problems import CODES
from tools.compile_rules import PAGES, artefacts
from tools.renewing import stale

CATALOGUE = load()
RULES = CATALOGUE.rules()
DOCS = read_data("rule_docs.json")["docs"]
FORBIDDEN = re.compile(r"^(no|not|use|must|should|do|dont|disallow|require|avoid|allow|forbid|prefer)-")


@pytest.fixture(params=RULES, ids=lambda rule: rule.code)
def rule(request: pytest.FixtureRequest) -> Rule:
    return request.param


def target_of(rule: Rule) -> str:
    return rule.generations[0] if len(rule.generations) == 1 else "auto"


def test_artefacts_are_current() -> None:
    assert not stale(artefacts(), PAGES), "run: python -m tools.compile_rules"


def test_name_names_the_flaw(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.name)
    assert not FORBIDDEN.match(rule.name)
    assert rule.category in CATEGORIES.values()


def test_documentation_is_complete(rule: Rule) -> None:
    docs = DOCS[rule.code]
    assert {"what", "why", "example", "instead"} <= set(docs)
    assert "safety" in docs or rule.fix is None


def test_example_has_the_flaw(rule: Rule) -> None:
    assert rule.code in codes(DOCS[rule.code]["example"], target_of(rule))


def test_instead_has_it_not(rule: Rule) -> None:
    instead = DOCS[rule.code]["instead"]
    assert rule.code not in codes(instead, target_of(rule))
    assert not [f for f in lint(instead, target_of(rule)) if f.category == "syntax" and f.severity == "error"]


@pytest.mark.parametrize(
    "rule",
    [rule for rule in RULES if rule.fix in ("safe", "unsafe")],
    ids=lambda rule: rule.code,
    indirect=False,
)
def test_fix_of_the_example(rule: Rule) -> None:
    settings = Settings(target_of(rule), frozenset({rule.code}))
    example = DOCS[rule.code]["example"]
    once = fix_text(example, None, settings, unsafe=True)
    assert once.applied > 0
    assert not once.report.findings
    assert fix_text(once.text, None, settings, unsafe=True).text == once.text


def test_messages_have_one_shape(rule: Rule) -> None:
    for finding in lint(DOCS[rule.code]["example"], target_of(rule)):
        if finding.code == rule.code:
            assert not finding.message.endswith(".")
            assert (
                "{" not in finding.message.replace("{ ... }", "").replace("{ force", "")
                or "'" in finding.message
            )
            # Lower case, unless it begins with a name that is not (TF2, CenterNet).
            assert not re.match(r"[A-Z][a-z]+ ", finding.message)


def test_every_slug_has_a_code() -> None:
    assert set(CODES) | set(SLUGS) <= set(CATALOGUE.problems)


def test_every_trigger_exists_in_the_schema() -> None:
    messages = load_schema().messages
    for name, fields in CATALOGUE.triggers.items():
        assert name in messages
        assert set(fields) - {""} <= set(messages[name].fields), name
    for key in CATALOGUE.removed:
        message, _, field = key.rpartition(".")
        assert field not in messages[message].fields, f"{key} is not removed"


def test_conditions_name_values_that_the_schema_has() -> None:
    """A rule about an enum value that does not exist would never speak."""
    messages = load_schema().messages
    for record in CATALOGUE.records.values():
        wanted = record.get("when", {}).get("equals")
        for place in record["on"] if wanted else ():
            message, _, field = place.rpartition(".")
            values = messages[message].fields[field].enum_values
            assert values is None or set(wanted) <= set(values)


def test_conditions_name_neighbours_that_the_schema_has() -> None:
    """A condition on a field that does not exist would never hold, or always."""
    messages = load_schema().messages
    for code, record in CATALOGUE.records.items():
        when = record.get("when", {})
        for place in record["on"] if {"beside", "with", "without"} & set(when) else ():
            message, _, field = (place, "", "") if "absent" in when else place.rpartition(".")
            fields = messages[message].fields
            for kind in ("with", "without"):
                wanted = when.get(kind)
                name = wanted.get(f"{message}.{field}") if isinstance(wanted, dict) else wanted
                assert name is None or name in fields, code
            for name, values in when.get("beside", {}).items():
                assert fields[name].enum_values is None or set(values) <= set(fields[name].enum_values), code


@pytest.mark.reference
def test_every_dead_field_has_a_rule(shared: Path) -> None:
    fields = json.loads((shared / "facts" / "fields.json").read_text())
    covered = {
        f"{message}.{field}" for message, names in CATALOGUE.triggers.items() for field in names if field
    }
    dead = [f"{row['message']}.{row['field']}" for row in fields if row["status"] != "active"]
    assert len(dead) == 84
    missing = [
        key for key in dead if key not in covered and not below_covered(key.rpartition(".")[0], covered)
    ]
    assert missing == []


def below_covered(message: str, covered: set[str]) -> bool:
    """True if a message stands only in fields that have a rule themselves: their rule speaks for it."""
    holders = [
        f"{owner.name}.{field.name}"
        for owner in load_schema().messages.values()
        for field in owner.fields.values()
        if field.type == message
    ]
    return bool(holders) and all(
        holder in covered or below_covered(holder.rpartition(".")[0], covered) for holder in holders
    )
