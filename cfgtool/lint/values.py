"""The values that the rules leave to a string field: what a completion may offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfgtool.lint.declarative import objects

if TYPE_CHECKING:
    from cfgtool.lint.rules import Catalogue


def allowed_values(catalogue: Catalogue, message: str, field: str, generation: str) -> list[str]:
    """The values of "message.field" that no rule for `generation` objects to, in the order of the rule that
    lists them; empty where no rule lists any.
    """
    key = f"{message}.{field}"
    codes = catalogue.triggers.get(message, {}).get(field, ())
    conditions: list[dict[str, Any]] = [
        record["when"]
        for record in (catalogue.records[code] for code in codes)
        if record.get("when") and generation in record["generations"]
    ]
    for condition in conditions:
        listed = condition.get("allowed")
        if listed is not None:
            names = listed.get(key, ()) if isinstance(listed, dict) else listed
            return [
                name for name in names if name and not any(objects(each, key, name) for each in conditions)
            ]
    return []
