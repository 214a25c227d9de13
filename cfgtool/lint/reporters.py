"""How findings are printed: with the source line, one per line, or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.pages import url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from cfgtool.lint.engine import Report
    from cfgtool.lint.findings import Finding, Fix
    from cfgtool.textproto import Document

_COLOURS = {"error": "31", "warning": "33", "info": "36", "bold": "1", "faint": "2"}
WIDEST_LINE = 160
"""Source lines are cut to this many characters around the caret."""

_FIXABLE = {"safe": "--fix", "unsafe": "--fix --unsafe-fixes"}


def concise(reports: Iterable[Report], colour: bool = False) -> str:
    """One line per finding: `file:line:col: CODE message`."""
    paint = _painter(colour)
    return "".join(f"{_headline(report, f, paint)}\n" for report in reports for f in report.findings)


def text(reports: Iterable[Report], colour: bool = False) -> str:
    """A headline per finding, its source line with a caret, and the fix."""
    paint = _painter(colour)
    parts = []
    for report in reports:
        for finding in report.findings:
            parts.append(_headline(report, finding, paint) + "\n")
            parts += (f"{line}\n" for line in _frame(report.document, finding, paint))
    return "".join(parts)


def as_json(reports: Iterable[Report], colour: bool = False) -> str:  # noqa: ARG001 - reporters are called alike
    """The findings of all files as one JSON array; offsets count bytes of the file."""
    import json

    rows = [_row(report, finding) for report in reports for finding in report.findings]
    return json.dumps(rows, indent=2) + "\n"


FORMATS: dict[str, Callable[[Iterable[Report], bool], str]] = {
    "text": text,
    "concise": concise,
    "json": as_json,
}


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


def _painter(colour: bool) -> Callable[[str, str], str]:
    if not colour:
        return lambda text, style: text
    return lambda text, style: f"\x1b[{_COLOURS[style]}m{text}\x1b[0m"


def _headline(report: Report, finding: Finding, paint: Callable[[str, str], str]) -> str:
    line, column = report.document.position(finding.start)
    place = paint(f"{report.path}:{line}:{column}", "bold")
    return f"{place}: {paint(finding.code, finding.severity)} {finding.message}"


def _frame(document: Document, finding: Finding, paint: Callable[[str, str], str]) -> list[str]:
    """The finding's first line with carets below, and the title of its fix."""
    line, column = document.position(finding.start)
    source = document.line_text(line)
    start = column - 1
    width = max(1, min(finding.end - finding.start, len(source) - start))
    if len(source) > WIDEST_LINE:
        cut = max(0, start - WIDEST_LINE // 4)
        source, start = source[cut : cut + WIDEST_LINE], start - cut
        width = max(1, min(width, len(source) - start))
    margin = " " * len(str(line))
    # Tabs stay tabs under the line, so that the carets stand where the reader's tab width puts the text.
    lead = "".join("\t" if character == "\t" else " " for character in source[:start])
    bar = paint("|", "faint")
    frame = [
        f"{margin} {bar}",
        f"{line} {bar} {source}".rstrip(),
        f"{margin} {bar} {lead}{paint('^' * width, finding.severity)}",
    ]
    if finding.fix is not None:
        frame.append(f"{margin} = fix ({finding.fix.applicability}): {finding.fix.title}")
    return [*frame, ""]


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
