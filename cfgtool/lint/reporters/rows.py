"""JSON: one array with an object per finding; offsets count bytes of the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cfgtool.lint.pages import url

if TYPE_CHECKING:
    from typing import Any

    from cfgtool.lint.engine import Report
    from cfgtool.lint.findings import Finding, Fix
    from cfgtool.lint.reporters import Results
    from cfgtool.textproto import Document


def render(results: Results) -> str:
    """The findings of all files as one JSON array."""
    rows = [_row(report, finding) for report in results.reports for finding in report.findings]
    return json.dumps(rows, indent=2) + "\n"


def _row(report: Report, finding: Finding) -> dict[str, Any]:
    """One finding as the JSON format has it."""
    document = report.document
    line, column = document.position(finding.start)
    end_line, end_column = document.position(finding.end)
    return {
        "file": report.path,
        "code": finding.code,
        "name": finding.name,
        "category": finding.category,
        "severity": finding.severity,
        "message": finding.message,
        "path": finding.path,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "offset": document.byte_offset(finding.start),
        "end_offset": document.byte_offset(finding.end),
        "fix": _fix_row(document, finding.fix) if finding.fix else None,
        "url": url(finding.code),
    }


def _fix_row(document: Document, fix: Fix) -> dict[str, Any]:
    edits = [
        {
            "offset": document.byte_offset(edit.start),
            "end_offset": document.byte_offset(edit.end),
            "text": edit.text,
        }
        for edit in sorted(fix.edits, key=lambda edit: (edit.start, edit.end))
    ]
    return {"title": fix.title, "applicability": fix.applicability, "edits": edits}
