"""Which steps are asked for by id ("B8") or by table ("B")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.migrate.steps import STEPS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cfgtool.migrate.model import Step


def chosen(select: str, ignore: str) -> tuple[Step, ...]:
    """The steps with an id in the list `select` (all if it is empty) and none in `ignore`, in their order.

    Lists are separated by commas. Raises UserError for an id or a table that there is not.
    """
    wanted, unwanted = _ids(select), _ids(ignore)
    return tuple(step for step in STEPS if (not wanted or step.id in wanted) and step.id not in unwanted)


def _ids(words: str) -> frozenset[str]:
    known = list(dict.fromkeys(step.id for step in STEPS))
    found: set[str] = set()
    for word in filter(None, (part.strip() for part in words.split(","))):
        meant = [id_ for id_ in known if word.upper() in (id_, id_.rstrip("0123456789"))]
        if not meant:
            raise UserError(
                f"no step {word!r}", hint=f"tables are {_tables(known)}, their steps such as {known[0]}"
            )
        found.update(meant)
    return frozenset(found)


def _tables(ids: Iterable[str]) -> str:
    return ", ".join(sorted({id_.rstrip("0123456789") for id_ in ids}))
