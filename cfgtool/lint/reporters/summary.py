"""What was found, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.lint.engine import Report

_FIXABLE = {"safe": "--fix", "unsafe": "--fix --unsafe-fixes"}


def summary(reports: list[Report]) -> str:
    """What was found, in one line."""
    findings = [finding for report in reports for finding in report.findings]
    files = f"{len(reports)} file{'s' * (len(reports) != 1)}"
    if not findings:
        return f"nothing to report in {files}"
    counts = []
    for severity, noun in (("error", "error"), ("warning", "warning"), ("info", "remark")):
        count = sum(finding.severity == severity for finding in findings)
        if count:
            counts.append(f"{count} {noun}{'s' * (count != 1)}")
    fixes = [finding.fix.applicability for finding in findings if finding.fix]
    hints = [f"{fixes.count(kind)} with {flag}" for kind, flag in _FIXABLE.items() if fixes.count(kind)]
    fixable = f" (fixable: {', '.join(hints)})" if hints else ""
    return f"{', '.join(counts)} in {files}{fixable}"
