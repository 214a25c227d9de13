"""A headline per finding, its source line with a caret, and the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.paint import painter
from cfgtool.lint.reporters.concise import headline

if TYPE_CHECKING:
    from cfgtool.lint.findings import Finding
    from cfgtool.lint.paint import Paint
    from cfgtool.lint.reporters import Results
    from cfgtool.textproto import Document

WIDEST_LINE = 160
"""Source lines are cut to this many characters around the caret."""


def render(results: Results) -> str:
    """The findings of all files with their frames."""
    paint = painter(results.colour)
    parts = []
    for report in results.reports:
        for finding in report.findings:
            parts.append(headline(report, finding, paint) + "\n")
            parts += (f"{line}\n" for line in _frame(report.document, finding, paint))
    return "".join(parts)


def _frame(document: Document, finding: Finding, paint: Paint) -> list[str]:
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
