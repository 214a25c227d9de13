"""What is left of the findings after the comments in the text, the severities and the baseline of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.engine import STRUCTURAL
from cfgtool.lint.suppression import suppress

if TYPE_CHECKING:
    from cfgtool.lint.context import Context
    from cfgtool.lint.engine import Settings
    from cfgtool.lint.findings import Finding


def settle(findings: list[Finding], context: Context, settings: Settings, foreign: bool) -> list[Finding]:
    """The findings that are left, with the severities that the settings say.

    `foreign` says that the text is no config, so that no rule was asked. What is stale in the baseline is noted.
    """
    document, judged = context.document, Judged(context, settings, foreign)
    findings = suppress(findings, document, settings.catalogue, judged)
    for finding in findings:
        finding.severity = settings.severities.get(finding.code, finding.severity)
    if settings.baseline is not None and context.path is not None:
        findings, stale = settings.baseline.without_known(findings, document, context.path, judged)
        context.notes += stale
    return findings


class Judged:
    """Whether a rule had its say about a whole document, so that no finding means no flaw."""

    __slots__ = ("_context", "_nothing", "_settings")

    def __init__(self, context: Context, settings: Settings, foreign: bool) -> None:
        document = context.document
        self._context = context
        self._settings = settings
        # A document has notes where parts of it were not looked at.
        self._nothing = (
            foreign
            or bool(document.notes)
            or any(problem.code in STRUCTURAL for problem in document.problems)
        )

    def __call__(self, code: str) -> bool:
        """True if the rule is on, is about this generation, and had the files that it needs."""
        record = self._settings.catalogue.records.get(code)
        return (
            record is not None
            and not self._nothing
            and self._settings.on(code)
            and self._context.generation in record["generations"]
            and code not in self._context.unjudged
        )

    def everything(self) -> bool:
        """True if every rule about this generation was judged."""
        generation, records = self._context.generation, self._settings.catalogue.records
        return all(self(code) for code, record in records.items() if generation in record["generations"])

    def on(self, code: str) -> bool:
        """True if the rule is on."""
        return self._settings.on(code)
