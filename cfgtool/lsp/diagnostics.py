"""Findings as an editor shows them: with a link to the rule's page, tags, and the other place they speak of."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.lint.pages import url
from cfgtool.lsp.places import trail
from cfgtool.lsp.uris import uri_of

if TYPE_CHECKING:
    from cfgtool.lint.findings import Finding
    from cfgtool.lsp.opened import Opened


class Shown(NamedTuple):
    """One diagnostic: a span of the text and what is said about it.

    `tag` is "unnecessary" for a field that nothing reads, "deprecated" for one that the schema deprecates,
    else empty; `href` is None where no page of the rule is at hand; `related` is another place and what
    stands there.
    """

    start: int
    end: int
    finding: Finding
    tag: str
    href: str | None
    related: tuple[int, int, str] | None


def diagnostics(opened: Opened, pages: str | None = None) -> list[Shown]:
    """What to show for a text; `pages` is the address of the folder of rule pages, None: those beside the
    package.
    """
    return [
        Shown(
            finding.start,
            finding.end,
            finding,
            _tag(opened, finding),
            page_address(finding.code, pages),
            _related(opened, finding),
        )
        for finding in opened.report.findings
    ]


@cache
def page_address(code: str, pages: str | None = None) -> str | None:
    """The URI of a rule's page; of a rule from somebody else's pack there is none."""
    page = url(code)
    if page is None:
        return None
    if pages:
        return f"{pages.rstrip('/')}/{os.path.basename(page)}"
    checkout = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = os.path.join(checkout, page)
    return uri_of(path) if os.path.isfile(path) else None


def _tag(opened: Opened, finding: Finding) -> str:
    # An error must not fade.
    if finding.category != "dead-field" or finding.severity == "error":
        return ""
    steps = trail(opened.document, opened.root, finding.start)
    type_ = steps[-1].type if steps else None
    return "deprecated" if type_ is not None and type_.deprecated else "unnecessary"


def _related(opened: Opened, finding: Finding) -> tuple[int, int, str] | None:
    if finding.related is None:
        return None
    start, end = finding.related
    words = " ".join(opened.text[start:end].split())
    return start, end, words if len(words) <= 60 else f"{words[:57]}..."
