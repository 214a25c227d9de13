"""One line per finding: `file:line:col: CODE message`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.paint import painter

if TYPE_CHECKING:
    from cfgtool.lint.engine import Report
    from cfgtool.lint.findings import Finding
    from cfgtool.lint.paint import Paint
    from cfgtool.lint.reporters import Results


def render(results: Results) -> str:
    """The findings of all files, a line each."""
    paint = painter(results.colour)
    return "".join(f"{headline(report, f, paint)}\n" for report in results.reports for f in report.findings)


def headline(report: Report, finding: Finding, paint: Paint) -> str:
    """`file:line:col: CODE message`."""
    line, column = report.document.position(finding.start)
    place = paint(f"{report.path}:{line}:{column}", "bold")
    return f"{place}: {paint(finding.code, finding.severity)} {finding.message}"
