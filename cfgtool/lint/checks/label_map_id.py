"""An item of a label map whose id is not positive.

## Why it is bad

Id 0 belongs to the background: training stops with "Label map ids should be >= 1" unless the item is called
"background". An item without an id has the id 0.

## Example

    item {
      id: 0
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

There is no automatic fix: the records hold the ids too, and have to be written again.
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
    code="CFG550",
    name="label-map-id-below-one",
    severity="error",
    summary="Finds items of a label map whose id is 0, negative or not there",
    on=("StringIntLabelMapItem",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Judge one item."""
    number, entry = config.integer("id"), config.entry("id")
    name = config.text("name") or config.text("display_name")
    if number > 0 or (number == 0 and "background" in (config.text("name"), config.text("display_name"))):
        return
    if entry is None:
        if config.entries("id"):
            return  # it cannot be read, which is another flaw
        yield RULE.finding(config, f"item '{name}' has no id, which means 0; ids begin at 1")
    else:
        yield RULE.finding(entry, f"item '{name}' has the id '{number}'; ids begin at 1")
