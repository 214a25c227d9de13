"""SARIF 2.1.0, the interchange format of static analysis.

Lines and columns count from 1, offsets from 0, in Unicode code points; a byte order mark does not count, as readers
of SARIF drop it. Files below the current folder are relative to `%SRCROOT%`.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import cfgtool
from cfgtool.lint import pages
from cfgtool.lint.fingerprints import fingerprints
from cfgtool.lint.reporters.places import absolute_uri, encodable, relative_uri

if TYPE_CHECKING:
    from typing import Any

    from cfgtool.errors import UserError
    from cfgtool.lint.engine import Report
    from cfgtool.lint.findings import Finding, Fix
    from cfgtool.lint.reporters import Results
    from cfgtool.textproto import Document

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "cfgtoolFinding/v1"
ROOT = "%SRCROOT%"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def render(results: Results) -> str:
    """A log of one run."""
    codes = sorted({finding.code for report in results.reports for finding in report.findings})
    indexes = {code: index for index, code in enumerate(codes)}
    run = {
        "tool": {
            "driver": {
                "name": "cfgtool",
                "version": cfgtool.__version__,
                "rules": [_rule(code, results) for code in codes],
            }
        },
        "invocations": [_invocation(results)],
        "originalUriBaseIds": {ROOT: {"uri": absolute_uri(os.curdir).rstrip("/") + "/"}},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(report, finding, mark, indexes)
            for report in results.reports
            for finding, mark in zip(report.findings, fingerprints(report), strict=True)
        ],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str, results: Results) -> dict[str, Any]:
    """What is known of a rule, its whole page included."""
    rule, catalogue = results.rule(code)
    docs = catalogue.docs(code)
    row = {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": docs["why"]},
        "help": {"text": pages.text(rule, docs), "markdown": pages.body(rule, docs)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"category": rule.category, "tags": [rule.category]},
    }
    address = pages.address(code)
    return row | ({"helpUri": address} if address else {})


def _invocation(results: Results) -> dict[str, Any]:
    """How the run went: what could not be read, and what was not checked and why."""
    notifications = [_error(error) for error in results.errors]
    for report in results.reports:
        for note in report.notes:
            place = {"physicalLocation": {"artifactLocation": _artifact(report.path)}}
            notifications.append(
                {"level": "note", "message": {"text": encodable(note)}, "locations": [place]}
            )
    return {
        "executionSuccessful": not results.errors,
        "workingDirectory": {"uri": absolute_uri(os.curdir)},
        "toolExecutionNotifications": notifications,
    }


def _error(error: UserError) -> dict[str, Any]:
    text = f"{error.message}; {error.hint}" if error.hint else error.message
    row: dict[str, Any] = {"level": "error", "message": {"text": encodable(text)}}
    if error.path is None:
        return row
    place: dict[str, Any] = {"artifactLocation": _artifact(error.path)}
    if error.line is not None:
        place["region"] = {"startLine": error.line, "startColumn": error.column or 1}
    return row | {"locations": [{"physicalLocation": place}]}


def _result(report: Report, finding: Finding, mark: str, indexes: dict[str, int]) -> dict[str, Any]:
    artifact = _artifact(report.path)
    place: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": artifact,
            "region": _region(report.document, finding.start, finding.end),
        }
    }
    if finding.path:
        place["logicalLocations"] = [{"fullyQualifiedName": finding.path, "kind": "member"}]
    row: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": indexes[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": encodable(finding.message)},
        "locations": [place],
        "partialFingerprints": {FINGERPRINT: mark},
    }
    fix = _fix(report.document, artifact, finding.fix) if finding.fix else None
    return row | ({"fixes": [fix]} if fix else {})


def _artifact(path: str | None) -> dict[str, str]:
    uri = relative_uri(path)
    return {"uri": uri, "uriBaseId": ROOT} if uri is not None else {"uri": absolute_uri(str(path))}


def _region(document: Document, start: int, end: int) -> dict[str, int]:
    """A span in lines and columns and in characters."""
    line, column = document.position(start)
    end_line, end_column = document.position(end)
    mark = int(document.text.startswith("\ufeff"))
    start, end = max(0, start - mark), max(0, end - mark)
    return {
        "startLine": line,
        "startColumn": max(1, column - mark) if line == 1 else column,
        "endLine": end_line,
        "endColumn": max(1, end_column - mark) if end_line == 1 else end_column,
        "charOffset": start,
        "charLength": end - start,
    }


def _fix(document: Document, artifact: dict[str, str], fix: Fix) -> dict[str, Any] | None:
    """The edits as replacements; None for a fix that is only shown, or that SARIF has no words for."""
    if fix.applicability == "display" or not fix.edits:
        return None
    if document.text.startswith("\ufeff") and any(edit.start == 0 for edit in fix.edits):
        return None  # the byte order mark is outside of what SARIF calls the text
    replacements = []
    for edit in sorted(fix.edits, key=lambda edit: (edit.start, edit.end)):
        if encodable(edit.text) != edit.text:
            return None
        replacement: dict[str, Any] = {"deletedRegion": _region(document, edit.start, edit.end)}
        if edit.text:
            replacement["insertedContent"] = {"text": edit.text}
        replacements.append(replacement)
    return {
        "description": {"text": encodable(fix.title)},
        "artifactChanges": [{"artifactLocation": artifact, "replacements": replacements}],
        "properties": {"applicability": fix.applicability},
    }
