"""The rule as a value, and the catalogue of all rules as the compiled artefact holds it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cfgtool.lint.findings import Finding, Fix

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cfgtool.schema import Config, Entry

CATEGORIES = {
    "0": "syntax",
    "1": "dead-field",
    "2": "generation",
    "3": "model",
    "4": "checkpoint",
    "5": "data",
    "6": "schedule",
    "7": "evaluation",
}
"""First digit of a code -> category."""

GENERATIONS = ("tf1", "tf2")
TARGETS = ("auto", *GENERATIONS)
"""What a config may be judged as: a generation, or the one that it says itself."""


class Rule:
    """What is known of one rule besides its check.

    `on` names what makes the check run: "Message" (each such message of the config) or "Message.field"
    (each such message that has the field). `when` is a condition on such a field, as packs have them: a check
    is imported only where it holds. `fix` is the applicability of the fixes that the rule offers, None if it
    has none. `needs` is "records" for a check that runs only where files of an input reader are.
    """

    __slots__ = (
        "category",
        "code",
        "fix",
        "generations",
        "name",
        "needs",
        "on",
        "severity",
        "since",
        "summary",
        "when",
    )

    def __init__(
        self,
        *,
        code: str,
        name: str,
        severity: str,
        summary: str,
        on: tuple[str, ...] = (),
        generations: tuple[str, ...] = GENERATIONS,
        since: str = "0.1",
        fix: str | None = None,
        needs: str | None = None,
        when: dict[str, Any] | None = None,
    ) -> None:
        self.code = code
        self.name = name
        self.category = category_of(code)
        self.severity = severity
        self.summary = summary
        self.on = on
        self.generations = generations
        self.since = since
        self.fix = fix
        self.needs = needs
        self.when = when or {}

    def finding(
        self, place: Entry | Config, message: str, *, fix: Fix | None = None, severity: str | None = None
    ) -> Finding:
        """A finding of this rule at a field, or at the field that opened a message."""
        start, end = span_of(place)
        return self.at(start, end, message, path=place.path, fix=fix, severity=severity)

    def at(
        self,
        start: int,
        end: int,
        message: str,
        *,
        path: str = "",
        fix: Fix | None = None,
        severity: str | None = None,
    ) -> Finding:
        """A finding of this rule at a span of the text."""
        return Finding(
            self.code, self.name, self.category, severity or self.severity, message, path, start, end, fix
        )


def category_of(code: str) -> str:
    """The category that the first digit of `code` stands for; "custom" for a code of somebody else's pack."""
    return CATEGORIES.get(code[3:4], "custom") if code.startswith("CFG") else "custom"


def span_of(place: Entry | Config) -> tuple[int, int]:
    """What to underline: a scalar field whole, of a message only its name."""
    entry: Any = place
    if not hasattr(place, "field"):
        config: Any = place
        if config.block is None or config.parent is None:
            return 0, 0
        entry = config.opening
    field = entry.field
    if field.value is None or hasattr(field.value, "fields"):
        return field.name_start, field.name_end
    if entry.node is not None and entry.node is not field.value:
        return entry.node.start, entry.node.end
    return field.start, field.end


class Catalogue:
    """All rules, indexed by what triggers them.

    `triggers[message][field]` lists the codes to look at where that field is present; the field "" stands
    for the message itself. `problems` maps the slugs of the text and schema layers to codes, `removed` maps
    "Message.field" of older schemas to codes. `own_docs` holds the documentation of rules that are not bundled.
    """

    __slots__ = ("_away", "_built", "_needing", "own_docs", "problems", "records", "removed", "triggers")

    def __init__(self, data: dict[str, Any]) -> None:
        self.records: dict[str, dict[str, Any]] = data["rules"]
        self.triggers: dict[str, dict[str, list[str]]] = data["triggers"]
        self.problems: dict[str, str] = data["problems"]
        self.removed: dict[str, str] = data["removed"]
        self.own_docs: dict[str, dict[str, str]] = data.get("docs", {})
        self._built: dict[str, Rule] = {}
        self._needing: frozenset[str] | None = None
        self._away: dict[str, dict[str, list[str]]] | None = None

    def rule(self, code: str) -> Rule:
        """The rule of `code`. Raises KeyError if there is none."""
        rule = self._built.get(code)
        if rule is None:
            record = self.records[code]
            rule = self._built[code] = Rule(
                code=code,
                name=record["name"],
                severity=record["severity"],
                summary=record["summary"],
                on=tuple(record["on"]),
                generations=tuple(record["generations"]),
                since=record["since"],
                fix=record["applicability"],
                needs=record.get("needs"),
            )
        return rule

    def needing_records(self) -> frozenset[str]:
        """The codes of the rules that run only where records are."""
        if self._needing is None:
            self._needing = frozenset(code for code, record in self.records.items() if "needs" in record)
        return self._needing

    def away_from_records(self) -> dict[str, dict[str, list[str]]]:
        """`triggers` without the rules that need records."""
        if self._away is None:
            needing = self.needing_records()
            self._away = {
                message: {
                    field: [code for code in codes if code not in needing] for field, codes in fields.items()
                }
                for message, fields in self.triggers.items()
            }
        return self._away

    def rules(self) -> list[Rule]:
        """Every rule, by code."""
        return [self.rule(code) for code in sorted(self.records)]

    def code_of(self, name: str) -> str | None:
        """The code of the rule called `name`, or `name` itself if it is a code."""
        if name in self.records:
            return name
        return next((code for code, record in self.records.items() if record["name"] == name), None)

    def extended(self, packs: Iterable[dict[str, Any]]) -> Catalogue:
        """This catalogue with compiled packs added."""
        from cfgtool.lint.packs import merge

        return Catalogue(merge([self.as_data(), *packs]))

    def as_data(self) -> dict[str, Any]:
        """The data that the catalogue was made of."""
        return {
            "rules": self.records,
            "triggers": self.triggers,
            "problems": self.problems,
            "removed": self.removed,
            "docs": self.own_docs,
        }

    def docs(self, code: str) -> dict[str, str]:
        """The documentation of a rule: `what`, `why`, `example`, `instead`, maybe `safety`."""
        own: dict[str, str] | None = self.own_docs.get(code)
        if own is not None:
            return own
        bundled: dict[str, str] = read_data("rule_docs.json")["docs"][code]
        return bundled


_loaded: Catalogue | None = None


def load() -> Catalogue:
    """The bundled rules, from `data/rules.json` (written by `tools/compile_rules.py`)."""
    global _loaded
    if _loaded is None:
        _loaded = Catalogue(read_data("rules.json"))
    return _loaded


def read_data(name: str) -> Any:
    """A compiled JSON artefact of the lint layer."""
    import json

    path = os.path.join(os.path.dirname(__file__), "data", name)
    with open(path, "rb") as file:
        return json.loads(file.read())
