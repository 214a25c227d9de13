"""How often each rule spoke, in place of the findings themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from cfgtool.lint.reporters import Results

FORMATS = ("text", "concise", "json")
"""Formats that statistics can be printed in."""


def render(format: str, results: Results) -> str:  # noqa: A002 - the word that users know
    """A line, or in JSON an object, per rule: the most frequent first, with what can be fixed."""
    rows = _rows(results)
    if format == "json":
        import json

        return json.dumps(rows, indent=2) + "\n"
    if not rows:
        return ""
    width = max(len(str(row["count"])) for row in rows)
    name = max(len(row["name"]) for row in rows)
    return "".join(
        f"{row['count']:>{width}}  {row['code']}  {row['severity']:<7}  {row['name']:<{name}}  {_mark(row)}".rstrip()
        + "\n"
        for row in rows
    )


def _rows(results: Results) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for report in results.reports:
        for finding in report.findings:
            row = rows.setdefault(
                finding.code,
                {"code": finding.code, "name": finding.name, "severity": finding.severity, "count": 0}
                | {"safe_fixes": 0, "unsafe_fixes": 0},
            )
            row["count"] += 1
            if finding.fix is not None and finding.fix.applicability != "display":
                row[f"{finding.fix.applicability}_fixes"] += 1
    return sorted(rows.values(), key=lambda row: (-row["count"], row["code"]))


def _mark(row: dict[str, Any]) -> str:
    """What fixes of a rule there are."""
    safe, unsafe = row["safe_fixes"], row["unsafe_fixes"]
    parts = [f"{safe} with --fix"] * bool(safe) + [f"{unsafe} with --fix --unsafe-fixes"] * bool(unsafe)
    return f"fixable: {', '.join(parts)}" if parts else ""
