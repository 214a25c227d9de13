"""Workflow commands of GitHub Actions: each finding becomes an annotation at its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.reporters.places import shown

if TYPE_CHECKING:
    from cfgtool.lint.engine import Report
    from cfgtool.lint.findings import Finding
    from cfgtool.lint.reporters import Results

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def render(results: Results) -> str:
    """A command per finding, and per file that could not be judged."""
    lines = [_annotation(report, finding) for report in results.reports for finding in report.findings]
    for error in results.errors:
        place = {"file": shown(error.path)} if error.path else {}
        if error.path and error.line is not None:
            place["line"] = str(error.line)
        message = f"{error.message}; {error.hint}" if error.hint else error.message
        lines.append(_command("error", place | {"title": "cfgtool"}, message))
    return "".join(f"{line}\n" for line in lines)


def _annotation(report: Report, finding: Finding) -> str:
    line, column = report.document.position(finding.start)
    end_line, end_column = report.document.position(finding.end)
    place = {"file": shown(report.path), "line": str(line)}
    if end_line == line:
        # Columns are shown only for a span on one line; the last one belongs to it.
        place |= {"col": str(column), "endColumn": str(max(column, end_column - 1))}
    else:
        place["endLine"] = str(end_line)
    title = f"{finding.code} {finding.name}"
    return _command(_COMMANDS[finding.severity], place | {"title": title}, finding.message)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    shown_properties = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {shown_properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
