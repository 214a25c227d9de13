"""Compile `rules/*.toml` and the Python checks: `python -m tools.compile_rules [--check]`.

Writes `cfgtool/lint/data/rules.json` (all that linting needs), `rule_docs.json` (read by `cfgtool explain`),
`rule.schema.json` (to check packs of users), and under `docs/rules/` a page per rule and one about what none finds.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import cfgtool.lint.checks
from cfgtool.lint.packs import compile_checks, compile_pack, merge
from cfgtool.lint.pages import index, page
from cfgtool.lint.rules import Catalogue
from tools import rule_coverage
from tools.renewing import renew

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "rules"
DATA = ROOT / "cfgtool" / "lint" / "data"
PAGES = ROOT / "docs" / "rules"


def compiled() -> dict[str, Any]:
    """Everything known of the bundled rules, packs in order of their names, then the checks."""
    import tomllib

    import jsonschema

    schema = jsonschema.Draft202012Validator(json.loads((RULES / "rule.schema.json").read_text()))
    parts = []
    for path in sorted(set(RULES.glob("*.toml")) - set(RULES.glob("coverage_*.toml"))):
        pack = tomllib.loads(path.read_text(encoding="utf-8"))
        schema.validate(pack)
        parts.append(compile_pack(pack, path.name))
    parts.append(compile_checks(cfgtool.lint.checks))
    return merge(parts)


def artefacts() -> dict[Path, str]:
    """Path -> content of every file that this tool writes."""
    data = compiled()
    docs = data.pop("docs")
    catalogue = Catalogue(data)
    files = {
        DATA / "rules.json": in_lines(data),
        DATA / "rule_docs.json": in_lines({"docs": docs}),
        DATA / "rule.schema.json": (RULES / "rule.schema.json").read_text(encoding="utf-8"),
        PAGES / "README.md": index(catalogue),
        PAGES / "not-covered.md": rule_coverage.page(rule_coverage.load()),
    }
    for rule in catalogue.rules():
        files[PAGES / f"{rule.code}.md"] = page(rule, docs[rule.code])
    return files


def in_lines(data: dict[str, Any]) -> str:
    """JSON with one line per entry of each table: small, and readable in a diff."""
    tables = []
    for name, table in data.items():
        rows = (
            f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}"
            for key, value in sorted(table.items())
        )
        tables.append(f'"{name}":{{\n' + ",\n".join(rows) + "\n}")
    return "{\n" + ",\n".join(tables) + "\n}\n"


def main() -> int:
    """Write what is stale; with --check, say so and exit with 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    return renew(artefacts(), parser.parse_args().check, PAGES)


if __name__ == "__main__":
    sys.exit(main())
