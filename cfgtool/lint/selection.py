"""Which rules are on: codes, prefixes of codes and names, given to --select and --ignore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cfgtool.lint.rules import Catalogue


def selected_codes(
    catalogue: Catalogue,
    select: Iterable[str],
    ignore: Iterable[str],
    *,
    extend: Iterable[str] = (),
    base: Iterable[str] | None = None,
) -> frozenset[str]:
    """The codes that are on: what `select` means, or `base` (None: all) if it is empty, and what `extend` means.

    Of two selectors the longer wins, then `ignore`. Raises UserError for a selector that names no rule.
    """
    select = list(select)
    chosen = {} if select else dict.fromkeys(catalogue.records if base is None else base, 0)
    for selector in (*select, *extend):
        for code, weight in _matches(catalogue, selector):
            chosen[code] = max(chosen.get(code, 0), weight)
    for selector in ignore:
        for code, weight in _matches(catalogue, selector):
            if chosen.get(code, -1) <= weight:
                chosen.pop(code, None)
    return frozenset(chosen)


def _matches(catalogue: Catalogue, selector: str) -> list[tuple[str, int]]:
    """(code, how specific) of every rule that `selector` means."""
    if selector == "ALL":
        return [(code, 1) for code in catalogue.records]
    code = catalogue.code_of(selector)
    if code is not None:
        return [(code, len(code))]
    found = [(code, len(selector)) for code in catalogue.records if selector and code.startswith(selector)]
    if not found:
        raise UserError(f"no rule {selector!r}", hint=nearest_rule(catalogue, selector))
    return found


def nearest_rule(catalogue: Catalogue, name: str) -> str:
    """The end of a message about an unknown rule."""
    from cfgtool.schema.nearest import nearest

    near = nearest(name, [*catalogue.records, *(record["name"] for record in catalogue.records.values())])
    return f"did you mean '{near}'" if near else "'cfgtool rules' lists them"
