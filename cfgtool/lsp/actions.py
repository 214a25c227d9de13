"""What can be done about findings: their fixes, all safe fixes at once, and the comment that silences a rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.lsp.changes import line_edits
from cfgtool.textproto import Edit, parse

if TYPE_CHECKING:
    from cfgtool.lint.findings import Finding
    from cfgtool.lsp.opened import Opened
    from cfgtool.textproto import Comment

_SILENCING = re.compile(r"#\s*cfgtool:\s*ignore\[[^\]\n]*")
_APPLICABILITY = {"safe": "", "unsafe": " (unsafe)", "display": " (look twice)"}


class Action(NamedTuple):
    """One quick fix: what it is called, the finding that it is about, its edits, whether it is the one to take."""

    title: str
    finding: Finding
    edits: tuple[Edit, ...]
    preferred: bool


def quick_fixes(opened: Opened, start: int, end: int) -> list[Action]:
    """The fixes of the findings that touch a span, then what silences them."""
    touched = [finding for finding in opened.report.findings if finding.start <= end and start <= finding.end]
    actions = []
    for finding in touched:
        fix = finding.fix
        if fix is not None:
            title = f"{fix.title}{_APPLICABILITY[fix.applicability]}"
            actions.append(Action(title, finding, fix.edits, fix.applicability == "safe"))
    silenced = set()
    for finding in touched:
        line = opened.document.position(finding.start)[0]
        edit = None if (finding.code, line) in silenced else silencing_edit(opened, finding)
        if edit is not None:
            silenced.add((finding.code, line))
            actions.append(Action(f"ignore {finding.code} on this line", finding, (edit,), False))
    return actions


def has_safe_fix(opened: Opened) -> bool:
    """Whether "fix all" would find something to begin with."""
    return any(finding.fix and finding.fix.applicability == "safe" for finding in opened.report.findings)


def fix_all_edits(opened: Opened) -> list[Edit]:
    """What `cfgtool lint --fix` would change."""
    from cfgtool.lint.fixing import fix_text

    return line_edits(opened.text, fix_text(opened.text, opened.path, opened.settings).text)


def silencing_edit(opened: Opened, finding: Finding) -> Edit | None:
    """The edit that silences a finding's rule on its line; None where no comment can do that.

    A comment that silences other rules there already is extended. Otherwise the new one goes to the end of
    the line, or above it if the line has a comment of its own.
    """
    document = opened.document
    line = document.position(finding.start)[0]
    start = document.line_start(line)
    end = start + len(document.line_text(line))
    here = [comment for comment in document.comments if start <= comment.start <= end]
    if any(comment.start <= finding.start < comment.end for comment in here):
        return None  # a finding about what such a comment says
    present = _silencing(opened, line, here)
    if present is not None:
        return Edit(present, present, f", {finding.code}")
    if not here:
        end = start + len(opened.text[start:end].rstrip())
        if end <= start or opened.text[start:end] == "\ufeff":
            return None
        edit = Edit(end, end, f"  # cfgtool: ignore[{finding.code}]")
        return edit if _adds_comment(opened, edit) else None
    # A finding about the whole text stands at its start, where a comment of its own speaks of the next line;
    # and before a comment behind a byte order mark there is no line.
    if here[0].own_line or opened.text.startswith("\ufeff", start):
        return None
    indent = opened.text[start:end]
    indent = indent[: len(indent) - len(indent.lstrip(" \t"))]
    line_feed = "\r\n" if "\r\n" in opened.text else "\n"
    return Edit(start, start, f"{indent}# cfgtool: ignore[{finding.code}]{line_feed}")


def _adds_comment(opened: Opened, edit: Edit) -> bool:
    """Whether a comment is one where it is put; behind a string without its end it would be a part of that."""
    if not opened.document.problems:
        return True
    changed = parse(f"{opened.text[: edit.start]}{edit.text}{opened.text[edit.end :]}")
    return len(changed.comments) > len(opened.document.comments)


def _silencing(opened: Opened, line: int, here: list[Comment]) -> int | None:
    """Where a list of silenced rules ends that counts for a line: on it, or right above it."""
    comments = [comment for comment in here if not comment.own_line]
    if line > 1:
        above = opened.document.line_start(line - 1)
        start = opened.document.line_start(line)
        comments += [c for c in opened.document.comments if above <= c.start < start and c.own_line]
    for comment in comments:
        match = _SILENCING.match(opened.text, comment.start, comment.end)
        if match and opened.text.startswith("]", match.end()):
            return match.end()
    return None
