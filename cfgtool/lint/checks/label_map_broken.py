"""A label map that is none.

## Why it is bad

The library that reads label maps hides what is wrong with one: a missing quote, the id 0 or a graph with
the same ending all end in "a bytes-like object is required, not 'str'". This rule says the line and the
column, and `cfgtool lint` on the label map itself the rest.

## Example

    train_input_reader {
      label_map_path: "fixtures/shapes/shapes_train.record"
      tf_record_input_reader {
        input_path: "fixtures/shapes/shapes_train.record"
      }
    }

## Use instead

    train_input_reader {
      label_map_path: "fixtures/shapes/shapes_label_map.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/shapes/shapes_train.record"
      }
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
    code="CFG512",
    name="broken-label-map",
    severity="error",
    summary="Finds a path to a label map that cannot be read as one",
    on=("InputReader.label_map_path",),
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Read the file if it is there, and report its first mistake."""
    entry, name = config.entry("label_map_path"), config.text("label_map_path")
    path = context.locate(name) if entry is not None and context.looks_at(name) else None
    if entry is None or path is None:
        return
    from cfgtool.data.label_map import read_label_map
    from cfgtool.errors import UserError

    try:
        read_label_map(path)
    except UserError as error:
        line = f"line {error.line}: " if error.line is not None else ""
        yield RULE.finding(entry, f"label map '{name}' cannot be read: {line}{error.message}")
