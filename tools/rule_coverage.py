"""Which rule finds which known flaw: reads `rules/coverage_*.toml`, and writes the page about what none finds.

The tables map ids (of constraints of the OD API, and of failures that users met) to the codes of rules, or to the
reason why there is none. `tools/compile_rules.py` writes the page with the others under `docs/rules`.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import NamedTuple

import jsonschema

RULES = Path(__file__).resolve().parents[1] / "rules"
KINDS = {"constraint": "Constraints of the OD API", "failure": "Failures"}
"""Kind of id -> heading on the page."""


class Coverage(NamedTuple):
    """What is done about one flaw: `rules` finds it, or `reason` says why none does."""

    rules: tuple[str, ...] = ()
    reason: str = ""


Table = dict[str, dict[str, Coverage]]
"""Kind -> id -> coverage."""


def load(folder: Path = RULES) -> Table:
    """Every table of `folder` joined.

    An id may stand in several files, if all of them name rules. Raises ValueError for a file that breaks the schema, and
    for an id with a reason beside rules.
    """
    schema = json.loads((RULES / "coverage.schema.json").read_text(encoding="utf-8"))
    table: Table = {kind: {} for kind in KINDS}
    likes: list[tuple[str, str, str]] = []
    for path in sorted(folder.glob("coverage_*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        error = next(jsonschema.Draft202012Validator(schema).iter_errors(data), None)
        if error is not None:
            raise ValueError(f"{path.name}: {'.'.join(map(str, error.absolute_path))}: {error.message}")
        for kind, entries in data.items():
            for name, entry in entries.items():
                if "like" in entry:
                    likes.append((kind, name, entry["like"]))
                else:
                    _join(table[kind], name, Coverage(tuple(entry.get("rules", ())), entry.get("reason", "")))
    for kind, name, other in likes:
        _join(table[kind], name, table["failure"].get(other, Coverage()))
    return table


def _join(entries: dict[str, Coverage], name: str, new: Coverage) -> None:
    """Add `new` to what is known of `name`."""
    old = entries.get(name, Coverage())
    rules = tuple(dict.fromkeys(old.rules + new.rules))
    if (rules and (old.reason or new.reason)) or (old.reason and new.reason and old.reason != new.reason):
        raise ValueError(f"{name}: there is a reason beside rules, or two reasons")
    entries[name] = Coverage(rules, old.reason or new.reason)


def page(table: Table) -> str:
    """The page about what no rule finds."""
    found = sum(bool(entry.rules) for entries in table.values() for entry in entries.values())
    every = sum(len(entries) for entries in table.values())
    parts = [
        "<!-- Written by tools/compile_rules.py. -->",
        "# What no rule finds",
        f"Of {every} known ways in which a config, or what it names, goes wrong, rules find {found}. The others and why:",
    ]
    for kind, heading in KINDS.items():
        rows = [
            f"- `{name}`: {entry.reason}."
            for name, entry in sorted(table[kind].items(), key=_by_number)
            if entry.reason
        ]
        if rows:
            parts += [f"## {heading}", "\n".join(rows)]
    return "\n\n".join(parts) + "\n"


def _by_number(item: tuple[str, Coverage]) -> tuple[list[int], str]:
    """Constraints by section and row, failures by name."""
    name = item[0]
    return ([int(part) for part in name.split(".")] if name[0].isdigit() and "." in name else [], name)
