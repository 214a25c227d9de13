"""The background as a class of its own.

## Why it is bad

The background has the id 0, which the detectors add themselves. An item for it becomes one class more,
which no record has examples of and which shifts the count of classes.

## Example

    item {
      id: 1
      name: "background"
    }
    item {
      id: 2
      name: "cat"
    }

## Use instead

    item {
      id: 1
      name: "cat"
    }
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
    code="CFG552",
    name="background-in-label-map",
    severity="warning",
    summary="Finds a label map that counts the background as a class",
    on=("StringIntLabelMapItem",),
)


NAMES = ("background", "none_of_the_above")


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Judge one item."""
    name = config.text("name")
    if config.integer("id") > 0 and name.lower() in NAMES:
        message = (
            f"item '{name}' has the id '{config.integer('id')}' and becomes a class; the background needs "
            "no item"
        )
        yield RULE.finding(config.entry("name") or config, message)
