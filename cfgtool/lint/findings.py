"""What lint reports: a finding at a span, and the fix that may come with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.textproto import Edit

SEVERITIES = ("error", "warning", "info")
FAIL_ON = (*SEVERITIES, "never")
"""What may be given as the least severity that fails a run."""
APPLICABILITIES = ("safe", "unsafe", "display")


class Fix:
    """Edits that mend a finding.

    `applicability`: "safe" keeps what the config means to the trainer and every comment, "unsafe" may
    change either, "display" is shown only: a person has to decide.
    """

    __slots__ = ("applicability", "edits", "title")

    def __init__(self, title: str, applicability: str, edits: tuple[Edit, ...]) -> None:
        self.title = title
        self.applicability = applicability
        self.edits = edits

    def __repr__(self) -> str:
        return f"Fix({self.title!r}, {self.applicability!r}, {self.edits!r})"


class Finding:
    """One diagnostic of a rule.

    `path` is the place in the config ("train_config.batch_size", "" for the text as a whole); `start` and
    `end` are character offsets into the document's text, half-open. `related` is the span of another place
    that the message names, None if it names none.
    """

    __slots__ = ("category", "code", "end", "fix", "message", "name", "path", "related", "severity", "start")

    def __init__(
        self,
        code: str,
        name: str,
        category: str,
        severity: str,
        message: str,
        path: str,
        start: int,
        end: int,
        fix: Fix | None = None,
    ) -> None:
        self.code = code
        self.name = name
        self.category = category
        self.severity = severity
        self.message = message
        self.path = path
        self.start = start
        self.end = end
        self.fix = fix
        self.related: tuple[int, int] | None = None

    def __repr__(self) -> str:
        return f"Finding({self.code} at {self.start}..{self.end}: {self.message!r})"


def order(finding: Finding) -> tuple[int, int, str, str]:
    """The sort key of findings: by place, then by code."""
    return finding.start, finding.end, finding.code, finding.message


def serious(finding: Finding, fail_on: str = "warning") -> bool:
    """True for a finding of severity `fail_on` or above, which makes the exit status 1; "never": none does."""
    if fail_on == "never":
        return False
    return SEVERITIES.index(finding.severity) <= SEVERITIES.index(fail_on)
