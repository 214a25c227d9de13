"""`# cfgtool: ignore[CODE, name]` comments: on a line they silence that line, alone on a line the next one.

A bare `# cfgtool: ignore` silences every rule. A comment alone on its line counts for the next line that
holds something else than a comment, so that an explanation may stand between. A comment that silences nothing
is a finding itself, if the rules that it names had their say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.findings import Finding, Fix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.rules import Catalogue
    from cfgtool.lint.settling import Judged
    from cfgtool.textproto import Comment, Document


class _Suppression:
    """One comment: the line it speaks of, and what it names. `used` are the codes that it has silenced."""

    __slots__ = ("comment", "end", "line", "names", "used")

    def __init__(self, comment: Comment, line: int, names: list[str] | None, end: int) -> None:
        self.comment = comment
        self.line = line
        self.names = names  # None: every rule
        self.end = end  # of the part that cfgtool reads
        self.used: set[str] = set()


def suppress(
    findings: list[Finding], document: Document, catalogue: Catalogue, judged: Judged
) -> list[Finding]:
    """`findings` without the silenced ones, with findings about comments that name no rule or silence nothing."""
    comments = list(_read_comments(document))
    by_line: dict[int, list[tuple[_Suppression, set[str | None]]]] = {}
    for each in comments:
        codes = {catalogue.code_of(name) for name in each.names or ()}
        by_line.setdefault(each.line, []).append((each, codes))
    kept = []
    for finding in findings:
        here = by_line.get(document.position(finding.start)[0], ()) if by_line else ()
        silencing = [each for each, codes in here if each.names is None or finding.code in codes]
        for each in silencing:
            each.used.add(finding.code)
        if not silencing:
            kept.append(finding)
    about = [*_unknown(comments, catalogue), *_unused(comments, document, catalogue, judged)]
    return kept + [finding for finding in about if judged.on(finding.code)]


def _read_comments(document: Document) -> Iterator[_Suppression]:
    import re

    pattern = re.compile(r"#\s*cfgtool:\s*ignore(?:\[([^\]\n]*)\])?")
    for comment in document.comments:
        match = pattern.match(document.text, comment.start, comment.end)
        if match is None:
            continue
        names = None if match[1] is None else [name for name in map(str.strip, match[1].split(",")) if name]
        yield _Suppression(comment, _line_meant(document, comment), names, match.end())


def _unknown(comments: list[_Suppression], catalogue: Catalogue) -> Iterator[Finding]:
    """A finding for every name in a comment that is no rule."""
    from cfgtool.lint.selection import nearest_rule

    rule = catalogue.rule(catalogue.problems["unknown-suppression"])
    for each in comments:
        for name in each.names or ():
            if catalogue.code_of(name) is None:
                message = f"comment silences '{name}', which is not a rule; {nearest_rule(catalogue, name)}"
                yield rule.at(each.comment.start, each.comment.end, message)


def _unused(
    comments: list[_Suppression], document: Document, catalogue: Catalogue, judged: Judged
) -> Iterator[Finding]:
    """A finding for every comment that silences nothing, or that names rules which report nothing there."""
    rule = catalogue.rule(catalogue.problems["unused-suppression"])
    for each in comments:
        start, end = each.comment.start, each.comment.end
        if each.names is None:
            if not each.used and judged.everything():
                message = "comment silences nothing: no rule reports anything there; remove it"
                yield rule.at(start, end, message, fix=_without(document, each, []))
            continue
        idle = [name for name in each.names if _is_idle(name, each, catalogue, judged)]
        if idle:
            kept = [name for name in each.names if name not in idle]
            shown = ", ".join(f"'{name}'" for name in idle)
            what = f"{shown}, which report{'s' * (len(idle) == 1)} nothing there"
            message = f"comment silences {what}; remove {'it' if len(idle) == 1 else 'them'}"
            yield rule.at(start, end, message, fix=_without(document, each, kept))


def _is_idle(name: str, each: _Suppression, catalogue: Catalogue, judged: Judged) -> bool:
    code = catalogue.code_of(name)
    return code is not None and code not in each.used and judged(code)


def _without(document: Document, each: _Suppression, kept: list[str]) -> Fix:
    """The fix that leaves the names `kept` in a comment, or removes it with the line that it is alone on."""
    from cfgtool.textproto import Edit

    text, start, end = document.text, each.comment.start, each.comment.end
    if kept:
        bracket = text.index("[", start)
        edit = Edit(bracket + 1, each.end - 1, ", ".join(kept))
        return Fix("remove what reports nothing from the comment", "safe", (edit,))
    explained = text[each.end : end].strip(" \t.:;,-") != ""
    line_start = text.rfind("\n", 0, start) + 1
    if each.comment.own_line:
        line_end = text.find("\n", end)
        edit = Edit(line_start, len(text) if line_end < 0 else line_end + 1, "")
    else:
        edit = Edit(line_start + len(text[line_start:start].rstrip(" \t")), end, "")
    # What somebody wrote behind the brackets would go with the comment.
    return Fix("remove the comment", "unsafe" if explained else "safe", (edit,))


def _line_meant(document: Document, comment: Comment) -> int:
    """The line that a comment speaks of."""
    line = document.position(comment.start)[0]
    if not comment.own_line:
        return line
    line += 1
    while line < document.line_count and document.line_text(line).lstrip()[:1] in ("", "#"):
        line += 1
    return line
