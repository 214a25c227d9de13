"""Two items of a label map that share an id, or a name.

## Why it is bad

Nothing stops: of two items with one id the first gives the class its name, and both names are trained as
that class. Of two items with one name the last takes the boxes, and the other class stays without examples.

## Example

    item {
      id: 1
      name: "cat"
    }
    item {
      id: 1
      name: "dog"
    }

## Use instead

    item {
      id: 1
      name: "cat"
    }
    item {
      id: 2
      name: "dog"
    }

## Fix safety

There is no automatic fix: which item is right is known from the records only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG551",
    name="label-map-duplicate",
    severity="error",
    summary="Finds items of a label map that share an id or a name",
    on=("StringIntLabelMap",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare each item with those before it; items without an id are another rule's."""
    lines: dict[tuple[str, object], int] = {}
    for item in config.messages("item"):
        for field in ("id", "name"):
            entry = item.entry(field)
            if entry is None or entry.value == "":
                continue
            key = (field, entry.value)
            if key in lines:
                yield RULE.finding(entry, f"{field} '{entry.value}' stands at line {lines[key]} already")
            else:
                lines[key] = context.document.position(entry.start)[0]
