"""How findings are printed: one module per format, imported when that format is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.errors import UserError
    from cfgtool.lint.engine import Report
    from cfgtool.lint.rules import Catalogue, Rule

FORMATS = {
    "text": "text",
    "concise": "concise",
    "json": "rows",
    "sarif": "sarif",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
}
"""Format -> the module here whose `render` writes it."""


class Results:
    """What a run of lint came to: a report per file, and what kept the other files from being judged.

    `catalogues` are those of the settings that were in force; `colour` is about terminals.
    """

    __slots__ = ("catalogues", "colour", "errors", "reports")

    def __init__(
        self,
        reports: list[Report],
        errors: list[UserError] | None = None,
        catalogues: list[Catalogue] | None = None,
        colour: bool = False,
    ) -> None:
        self.reports = reports
        self.errors = errors or []
        self.catalogues = catalogues or []
        self.colour = colour

    def rule(self, code: str) -> tuple[Rule, Catalogue]:
        """The rule of a finding, and the catalogue that knows it. Raises KeyError if none does."""
        from cfgtool.lint.rules import load

        for catalogue in (*self.catalogues, load()):
            if code in catalogue.records:
                return catalogue.rule(code), catalogue
        raise KeyError(code)


def render(format: str, results: Results) -> str:  # noqa: A002 - the word that users know
    """The results in one of `FORMATS`. Raises KeyError for another."""
    import importlib

    written: str = importlib.import_module(f"{__name__}.{FORMATS[format]}").render(results)
    return written
