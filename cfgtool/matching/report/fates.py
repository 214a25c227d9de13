"""What all reports show of a plan: the fate of each variable, and of each part of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.networks.roles import role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cfgtool.checkpoints import Entry
    from cfgtool.matching.plan import RestorePlan
    from cfgtool.networks.variables import Variable

FATES = ("restored", "shape_mismatch", "missing", "not_requested")
WORDS = {
    "restored": "restored",
    "shape_mismatch": "other shape",
    "missing": "missing",
    "not_requested": "not requested",
}
"""Fates as people read them."""


class Row(NamedTuple):
    """A variable, its fate, the entry that it was found as (if it was), the key that was looked for, and
    whether training keeps it as it is.
    """

    variable: Variable
    fate: str
    entry: Entry | None
    key: str | None
    frozen: bool


class Part(NamedTuple):
    """A part of the network: `counts` are its variables by fate, `sizes` their parameters."""

    name: str
    counts: dict[str, int]
    sizes: dict[str, int]
    frozen: int

    @property
    def role(self) -> str:
        """`backbone`, `neck` or `head`."""
        return role(self.name)

    @property
    def variables(self) -> int:
        """Number of variables."""
        return sum(self.counts.values())

    @property
    def parameters(self) -> int:
        """Number of values in all of them."""
        return sum(self.sizes.values())

    @property
    def verdict(self) -> str:
        """The fate of the whole part, `partly` where there are several."""
        return next(iter(self.counts)) if len(self.counts) == 1 else "partly"


class Report:
    """A plan with what else is to be said: `notes` on how it came about come before its own."""

    __slots__ = ("notes", "parts", "plan", "rows", "warnings")

    def __init__(self, plan: RestorePlan, notes: Iterable[str] = ()) -> None:
        self.plan = plan
        self.rows = _rows(plan)
        self.parts = parts(self.rows)
        self.warnings = [*plan.warnings]
        self.notes = [*notes, *plan.notes]

    @property
    def severity(self) -> str:
        """That of the verdict, but no "ok" where there are warnings."""
        severity = self.plan.verdict.severity
        return "warning" if severity == "ok" and self.warnings else severity


def _rows(plan: RestorePlan) -> list[Row]:
    """The fate of every variable, in the order of the network."""
    found: dict[str, tuple[str, Entry | None, str | None]] = {}
    for variable, entry in plan.restored:
        found[variable.name] = ("restored", entry, entry.key)
    for variable, entry, *_ in plan.shape_mismatch:
        found[variable.name] = ("shape_mismatch", entry, entry.key)
    for variable, key in plan.missing:
        found[variable.name] = ("missing", None, key)
    unasked = ("not_requested", None, None)
    return [
        Row(variable, *found.get(variable.name, unasked), variable.name in plan.frozen)
        for variable in plan.network.variables
    ]


def parts(
    rows: Iterable[Row], part_of: Callable[[str], str] = lambda name: name.partition("/")[0]
) -> list[Part]:
    """The parts of the network, in order; `part_of` gives the part of a variable by its name."""
    found: dict[str, Part] = {}
    for row in rows:
        name = part_of(row.variable.name)
        part = found.get(name)
        if part is None:
            part = found[name] = Part(name, {}, {}, 0)
        part.counts[row.fate] = part.counts.get(row.fate, 0) + 1
        part.sizes[row.fate] = part.sizes.get(row.fate, 0) + row.variable.size
        if row.frozen:
            found[name] = part._replace(frozen=part.frozen + 1)
    return list(found.values())
