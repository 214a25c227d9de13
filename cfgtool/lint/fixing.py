"""Applying fixes until nothing changes, and only where the result is no worse than the text was."""

from __future__ import annotations

from bisect import bisect, insort
from typing import TYPE_CHECKING

from cfgtool.lint.engine import analyse

if TYPE_CHECKING:
    from cfgtool.lint.engine import Report, Settings
    from cfgtool.lint.findings import Finding

ROUNDS = 20
"""More rounds than this would mean that two fixes undo each other."""


class Outcome:
    """The fixed text, how many fixes went into it, and the report on it."""

    __slots__ = ("applied", "report", "text")

    def __init__(self, text: str, applied: int, report: Report) -> None:
        self.text = text
        self.applied = applied
        self.report = report


def fix_text(text: str, path: str | None, settings: Settings, unsafe: bool = False) -> Outcome:
    """Apply the safe (with `unsafe`: also the unsafe) fixes of `text`, round by round, until it is stable.

    A fix whose result has more errors than before, or does not parse as well as before, is left out. The
    generation is settled before the first fix, so that a fix cannot change what the config is judged as.
    """
    from cfgtool.textproto import parse

    wanted = ("safe", "unsafe") if unsafe else ("safe",)
    report = analyse(parse(text), path, settings.replaced(codes=None))
    every_rule = settings.replaced(target=report.generation, codes=None)
    applied = 0
    for _ in range(ROUNDS):
        fixable = [
            finding
            for finding in report.findings
            if finding.fix is not None and finding.fix.applicability in wanted and settings.on(finding.code)
        ]
        step = _best_step(text, report, fixable, path, every_rule)
        if step is None:
            break
        text, report, count = step
        applied += count
    if settings.codes is not None:
        report.findings = [finding for finding in report.findings if finding.code in settings.codes]
    return Outcome(text, applied, report)


def _best_step(
    text: str, report: Report, fixable: list[Finding], path: str | None, settings: Settings
) -> tuple[str, Report, int] | None:
    """The text after all fixes that go together; if that is worse, after the first that is not."""
    together = _compatible(fixable)
    step = _try(text, report, together, path, settings)
    if step is not None or len(together) < 2:
        return step
    for finding in fixable:
        step = _try(text, report, [finding], path, settings)
        if step is not None:
            return step
    return None


def _compatible(findings: list[Finding]) -> list[Finding]:
    """As many findings as have edits that do not touch those of an earlier one."""
    taken: list[tuple[int, int]] = []
    chosen = []
    for finding in findings:
        spans = [(edit.start, edit.end) for edit in finding.fix.edits] if finding.fix else []
        if not any(_clashes(taken, span) for span in spans):
            for span in spans:
                insort(taken, span)
            chosen.append(finding)
    return chosen


def _clashes(taken: list[tuple[int, int]], span: tuple[int, int]) -> bool:
    """True if a span overlaps one of `taken` (sorted, disjoint), or meets one and either inserts."""
    place = bisect(taken, span)
    for start, end in taken[max(0, place - 2) : place + 2]:
        if span[0] == span[1] or start == end:
            if span[0] <= end and start <= span[1]:
                return True
        elif span[0] < end and start < span[1]:
            return True
    return False


def _try(
    text: str, report: Report, findings: list[Finding], path: str | None, settings: Settings
) -> tuple[str, Report, int] | None:
    """The text with the fixes of `findings` and the report on it; None if it is unchanged or worse."""
    from cfgtool.textproto import parse
    from cfgtool.textproto.edits import apply_edits

    edits = sorted((e for f in findings if f.fix for e in f.fix.edits), key=lambda e: (e.start, e.end))
    if not edits:
        return None
    try:
        changed = apply_edits(text, edits)
    except ValueError:  # the edits of one fix overlap: nothing to apply
        return None
    after = analyse(parse(changed), path, settings)
    if changed == text or _worse(report, after, findings):
        return None
    return changed, after, len(findings)


def _worse(before: Report, after: Report, mended: list[Finding]) -> bool:
    """True if a text has gained syntax problems or errors, or kept all its syntax problems though one was mended.

    The latter happens where a bracket is put into a string that is not closed either.
    """
    gained = len(after.document.problems) - len(before.document.problems)
    broken = {(problem.start, problem.end) for problem in before.document.problems}
    if gained > 0 or (gained == 0 and any((finding.start, finding.end) in broken for finding in mended)):
        return True
    return _errors(after) > _errors(before)


def _errors(report: Report) -> int:
    return sum(finding.severity == "error" for finding in report.findings)
