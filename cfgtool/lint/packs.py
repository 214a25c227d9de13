"""Packs of rules: TOML text checked against the JSON Schema, and compiled to what the catalogue reads.

A pack of `[[rule]]` tables is data; so is what the Python checks under `cfgtool/lint/checks` say of
themselves. Both become the same kind of record. Nothing here runs when a config is linted with the bundled
rules: they are compiled once, by `tools/compile_rules.py`.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
from typing import TYPE_CHECKING, Any

from cfgtool.errors import UserError
from cfgtool.files import read_text
from cfgtool.lint.rules import GENERATIONS, read_data

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from cfgtool.lint.rules import Rule

HEADINGS = {
    "What it does": "what",
    "Why it is bad": "why",
    "Example": "example",
    "Use instead": "instead",
    "Fix safety": "safety",
}
"""Headings of a rule's documentation, in order -> key in the compiled docs."""

EMPTY: dict[str, dict[str, Any]] = {"rules": {}, "triggers": {}, "problems": {}, "removed": {}, "docs": {}}


def load_pack(path: str) -> dict[str, Any]:
    """Read, check and compile the pack at `path`. Raises UserError if it is not a pack."""
    import tomllib

    try:
        pack = tomllib.loads(read_text(path).replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, UnicodeError) as error:
        raise UserError(f"is not TOML: {error}", path=path) from None
    validate(pack, path)
    return compile_pack(pack, path)


def validate(pack: dict[str, Any], path: str) -> None:
    """Raise UserError at the first place where `pack` breaks the JSON Schema of rule packs."""
    import jsonschema

    errors = jsonschema.Draft202012Validator(read_data("rule.schema.json")).iter_errors(pack)
    worst = min(errors, key=lambda error: [str(step) for step in error.absolute_path], default=None)
    if worst is not None:
        place = ".".join(str(step) for step in worst.absolute_path)
        raise UserError(f"is not a rule pack: at {place or 'the top'!r}: {worst.message}", path=path)


def compile_pack(pack: dict[str, Any], path: str) -> dict[str, Any]:
    """The catalogue data, and the docs, of a pack that is valid. Raises UserError for a code used twice."""
    data = {key: dict(value) for key, value in EMPTY.items()}
    for table in pack["rule"]:
        code = table["code"]
        if code in data["rules"]:
            raise UserError(f"code {code!r} is used twice", path=path)
        data["rules"][code] = _record(table)
        data["docs"][code] = table["doc"] | {"what": table["summary"] + "."}
        if "problem" in table:
            data["problems"].update(dict.fromkeys(table["problem"], code))
        elif table.get("when", {}).get("removed"):
            data["removed"].update(dict.fromkeys(table["fields"], code))
        else:
            _add_triggers(
                data["triggers"],
                code,
                table.get("fields", ()),
                is_field="absent" not in table.get("when", {}),
            )
    return data


def _record(table: dict[str, Any]) -> dict[str, Any]:
    """The compiled form of one `[[rule]]`."""
    fix = table.get("fix")
    record = {
        "name": table["name"],
        "severity": table["severity"],
        "summary": table["summary"],
        "since": table["since"],
        "generations": table.get("generations", list(GENERATIONS)),
        "on": table.get("fields", []),
        "applicability": fix["applicability"] if fix else None,
        "when": table.get("when", {}),
        "message": table.get("message", ""),
    }
    return record | ({"fix": fix} if fix and "action" in fix else {})


def _add_triggers(
    triggers: dict[str, dict[str, list[str]]],
    code: str,
    places: Iterable[str],
    *,
    is_field: bool | None = None,
) -> None:
    """Index `code` under each "Message.field" or "Message" of `places`; messages begin with a capital."""
    for place in places:
        message, _, field = place.rpartition(".")
        if is_field is False or (is_field is None and field[:1].isupper()):
            message, field = place, ""
        codes = triggers.setdefault(message, {}).setdefault(field, [])
        if code not in codes:
            codes.append(code)


def compile_checks(package: ModuleType) -> dict[str, Any]:
    """The catalogue data, and the docs, of every check module of our own `package`, which are named briefly."""
    import importlib

    data = {key: dict(value) for key, value in EMPTY.items()}
    for info in pkgutil.iter_modules(package.__path__):
        if not info.name.startswith("_"):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            add_check(data, module, info.name)
    return data


def add_check(
    data: dict[str, dict[str, Any]], module: ModuleType, name: str, plugin: str | None = None
) -> None:
    """Put the rule of a check module into catalogue data; `name` is its whole name if it is of a plugin.

    Raises UserError if another module has the code already.
    """
    rule: Rule = module.RULE
    if rule.code in data["rules"]:
        other = data["rules"][rule.code]["name"]
        raise UserError(
            f"rule {rule.code!r} ({rule.name}) exists already: {other}", hint="choose another code"
        )
    data["rules"][rule.code] = {
        "name": rule.name,
        "severity": rule.severity,
        "summary": rule.summary,
        "since": rule.since,
        "generations": list(rule.generations),
        "on": list(rule.on),
        "applicability": rule.fix,
        "when": rule.when,
        "module": name,
    }
    optional = {"plugin": plugin, "needs": rule.needs}
    data["rules"][rule.code] |= {key: value for key, value in optional.items() if value}
    data["docs"][rule.code] = docs_of(inspect.getdoc(module) or "", rule)
    _add_triggers(data["triggers"], rule.code, rule.on)


def docs_of(docstring: str, rule: Rule) -> dict[str, str]:
    """The documentation of a check, from its module's docstring: a part per heading, examples indented."""
    parts = re.split(r"^## (.+)$", docstring, flags=re.MULTILINE)
    docs = {"what": rule.summary + "."}
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        key = HEADINGS.get(heading.strip())
        if key is None:
            raise UserError(f"unknown heading {heading!r} in the documentation of {rule.code}")
        docs[key] = inspect.cleandoc(body) if key in ("example", "instead") else " ".join(body.split())
    return docs


def merge(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Compiled data joined. Raises UserError if two parts share a code or a name."""
    joined: dict[str, dict[str, Any]] = {key: {} for key in EMPTY}
    names: dict[str, str] = {}
    for part in parts:
        for code, record in part["rules"].items():
            other = names.setdefault(record["name"], code)
            if code in joined["rules"] or other != code:
                raise UserError(
                    f"rule {code!r} ({record['name']}) exists already", hint="choose another code and name"
                )
            joined["rules"][code] = record
        for message, fields in part["triggers"].items():
            for field, codes in fields.items():
                joined["triggers"].setdefault(message, {}).setdefault(field, []).extend(codes)
        for key in ("problems", "removed", "docs"):
            joined[key].update(part.get(key, {}))
    return joined
