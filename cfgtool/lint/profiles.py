"""Levels of strictness, each within the next: which rules are on, and what fails a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cfgtool.lint.rules import Catalogue


class Profile(NamedTuple):
    """`severities` are those of the rules that are on, `fail_on` the least severity that fails a run."""

    severities: tuple[str, ...]
    fail_on: str
    purpose: str


PROFILES = {
    "minimal": Profile(
        ("error",), "error", "what does not parse, and what makes a run fail or go badly wrong"
    ),
    "default": Profile(
        ("error", "warning", "info"),
        "warning",
        "also wishes that are ignored, and remarks, which fail no run",
    ),
    "strict": Profile(("error", "warning", "info"), "info", "as default, and remarks fail a run as well"),
}
"""Name -> profile, from lenient to strict: what one reports and fails, the next one does too."""


def codes_of(name: str, catalogue: Catalogue) -> frozenset[str] | None:
    """The codes that a profile has on; None if it has all of them on. Raises KeyError for an unknown name."""
    wanted = PROFILES[name].severities
    codes = frozenset(code for code, record in catalogue.records.items() if record["severity"] in wanted)
    return None if len(codes) == len(catalogue.records) else codes
