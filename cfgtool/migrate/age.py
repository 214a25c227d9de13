"""How old a config is: what its owner says, and what its fields give away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.schema import history, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.migrate.draft import Draft, Place
    from cfgtool.schema.history import Removed

FIRST_DAY = "2017-06-14"
"""The oldest state of the schema that is known."""


def day_written(written: str | None) -> str | None:
    """The day meant by a month or a day, as an ISO date; a month counts from its first day.

    Raises UserError for what is neither, and for a month before the first schema.
    """
    if written is None:
        return None
    from datetime import date

    try:
        day = date.fromisoformat(written if len(written) > len("2018-03") else f"{written}-01")
    except ValueError:
        hint = "write a month or a day, such as 2018-03 or 2018-03-22"
        raise UserError(f"{written!r} is no date", hint=hint) from None
    text = day.isoformat()
    if text[:7] < FIRST_DAY[:7]:
        hint = f"the schema begins in {FIRST_DAY[:7]}"
        raise UserError(f"no config was written in {written!r}", hint=hint)
    return max(text, FIRST_DAY)


def written_before(draft: Draft) -> str | None:
    """The first day on which a field of the config was gone already: the config is older. None if it has no
    such field.
    """
    return min((past.gone for _, past in gone_fields(draft)), default=None)


def gone_fields(draft: Draft) -> Iterator[tuple[Place, Removed]]:
    """Every field that the schema of its day had and today's has not, with its past."""
    messages = load().messages
    for place in draft.places:
        if place.owner and place.name not in messages[place.owner].fields:
            past = history.removed(place.owner, place.name)
            if past:
                yield place, past
