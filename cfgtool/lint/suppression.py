"""`# cfgtool: ignore[CODE, name]` comments: on a line they silence that line, alone on a line the next one.

A bare `# cfgtool: ignore` silences every rule. A comment alone on its line counts for the next line that
holds something else than a comment, so that an explanation may stand between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.lint.findings import Finding
    from cfgtool.lint.rules import Catalogue
    from cfgtool.textproto import Comment, Document

MARK = "cfgtool:"


def suppress(findings: list[Finding], document: Document, catalogue: Catalogue) -> list[Finding]:
    """`findings` without the silenced ones, with a finding for every unknown rule named in a comment."""
    if MARK not in document.text:
        return findings
    silenced, unknown = _read_comments(document, catalogue)
    kept = []
    for finding in findings:
        codes = silenced.get(document.position(finding.start)[0], ())
        if finding.code not in codes and "*" not in codes:
            kept.append(finding)
    return kept + unknown


def _read_comments(document: Document, catalogue: Catalogue) -> tuple[dict[int, set[str]], list[Finding]]:
    """(line -> silenced codes, findings about the comments themselves)."""
    import re

    pattern = re.compile(r"#\s*cfgtool:\s*ignore(?:\[([^\]\n]*)\])?")
    silenced: dict[int, set[str]] = {}
    unknown: list[Finding] = []
    for comment in document.comments:
        match = pattern.match(document.text, comment.start, comment.end)
        if match is None:
            continue
        codes: set[str] = {"*"} if match[1] is None else set()
        for name in filter(None, map(str.strip, (match[1] or "").split(","))):
            code = catalogue.code_of(name)
            if code is not None:
                codes.add(code)
            else:
                unknown.append(_unknown(catalogue, name, comment.start, comment.end))
        silenced.setdefault(_line_meant(document, comment), set()).update(codes)
    return silenced, unknown


def _unknown(catalogue: Catalogue, name: str, start: int, end: int) -> Finding:
    from cfgtool.lint.selection import nearest_rule

    message = f"comment silences '{name}', which is not a rule; {nearest_rule(catalogue, name)}"
    return catalogue.rule(catalogue.problems["unknown-suppression"]).at(start, end, message)


def _line_meant(document: Document, comment: Comment) -> int:
    """The line that a comment speaks of."""
    line = document.position(comment.start)[0]
    if not comment.own_line:
        return line
    line += 1
    while line < document.line_count and document.line_text(line).lstrip()[:1] in ("", "#"):
        line += 1
    return line
