"""What a finding is known by when the lines around it move: its rule, its place in the config, its words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.lint.engine import Report
    from cfgtool.lint.findings import Finding
    from cfgtool.textproto import Document

_LINE_NUMBER = re.compile(r"\b(lines?) \d+")


def fingerprint(finding: Finding, document: Document) -> str:
    """16 hexadecimal digits of the rule, the path in the config, the message and the text that it is about.

    Blanks, and the line numbers that messages name, do not count: moving or reindenting a field keeps it.
    """
    from hashlib import sha256

    message = _LINE_NUMBER.sub(r"\1", finding.message)
    source = " ".join(document.text[finding.start : finding.end].split())
    key = "\0".join((finding.code, finding.path, message, source))
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def fingerprints(report: Report) -> list[str]:
    """A fingerprint for each finding of a report; equal ones are told apart by a count."""
    seen: dict[str, int] = {}
    found = []
    for finding in report.findings:
        mark = fingerprint(finding, report.document)
        seen[mark] = seen.get(mark, 0) + 1
        found.append(mark if seen[mark] == 1 else f"{mark}-{seen[mark]}")
    return found
