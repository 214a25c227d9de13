"""GitLab's Code Quality report: a JSON array of issues that are known again by their fingerprints."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from cfgtool.lint.fingerprints import fingerprints
from cfgtool.lint.reporters.places import encodable, shown

if TYPE_CHECKING:
    from typing import Any

    from cfgtool.lint.reporters import Results

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def render(results: Results) -> str:
    """An issue per finding, and a blocking one per file that could not be judged."""
    issues = []
    for report in results.reports:
        path = encodable(shown(report.path))
        for finding, mark in zip(report.findings, fingerprints(report), strict=True):
            line = report.document.position(finding.start)[0]
            end = report.document.position(finding.end)[0]
            description = f"{finding.code} {encodable(finding.message)}"
            severity = _SEVERITIES[finding.severity]
            issues.append(_issue(description, finding.code, mark, severity, path, (line, end)))
    for error in results.errors:
        path = encodable(shown(error.path)) if error.path else "."
        line = error.line or 1
        message = encodable(error.message)
        issues.append(_issue(message, "cfgtool", error.message, "blocker", path, (line, line)))
    return json.dumps(issues, indent=2) + "\n"


def _issue(
    description: str, check: str, mark: str, severity: str, path: str, lines: tuple[int, int]
) -> dict[str, Any]:
    key = f"{path}\0{check}\0{mark}"
    return {
        "description": description,
        "check_name": check,
        "fingerprint": sha256(key.encode("utf-8", "surrogatepass")).hexdigest(),
        "severity": severity,
        "location": {"path": path, "lines": {"begin": lines[0], "end": lines[1]}},
    }
