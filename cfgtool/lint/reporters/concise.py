"""One line per finding: `file:line:col: CODE message`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cfgtool.lint.engine import Report
    from cfgtool.lint.findings import Finding
    from cfgtool.lint.reporters import Results

    Paint = Callable[[str, str], str]

_COLOURS = {"error": "31", "warning": "33", "info": "36", "bold": "1", "faint": "2"}


def render(results: Results) -> str:
    """The findings of all files, a line each."""
    paint = painter(results.colour)
    return "".join(f"{headline(report, f, paint)}\n" for report in results.reports for f in report.findings)


def painter(colour: bool) -> Paint:
    """What puts a text into the colour of a severity, or makes it bold or faint."""
    if not colour:
        return lambda text, style: text
    return lambda text, style: f"\x1b[{_COLOURS[style]}m{text}\x1b[0m"


def headline(report: Report, finding: Finding, paint: Paint) -> str:
    """`file:line:col: CODE message`."""
    line, column = report.document.position(finding.start)
    place = paint(f"{report.path}:{line}:{column}", "bold")
    return f"{place}: {paint(finding.code, finding.severity)} {finding.message}"
