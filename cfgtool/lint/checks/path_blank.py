"""A path with a blank at its end.

## Why it is bad

The blank is part of the name, and there is no such file. It is hard to see in every message about it.

## Example

    train_input_reader {
      label_map_path: "data/map.pbtxt "
    }

## Use instead

    train_input_reader {
      label_map_path: "data/map.pbtxt"
    }

## Fix safety

Safe: files whose names end in a blank are not what anybody means.
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
    code="CFG518",
    name="blank-around-path",
    severity="error",
    summary="Finds a path that begins or ends with a blank",
    on=(
        "TrainConfig.fine_tune_checkpoint",
        "InputReader.label_map_path",
        "TFRecordInputReader.input_path",
    ),
    fix="safe",
    when={"contains": [" "]},
)


FIELDS = ("fine_tune_checkpoint", "label_map_path", "input_path")


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Strip the values and see whether they change."""
    for name in FIELDS:
        for entry in config.entries(name) if name in config.type.fields else ():
            value = entry.value
            if not isinstance(value, str) or value == value.strip(" "):
                continue
            source = context.source(entry) if entry.node is entry.field.value else ""
            bare = source[:1] + source[1:-1].strip(" ") + source[-1:]
            fix = None
            if source.count(source[:1]) == 2:
                fix = context.fix("remove the blanks", "safe", [context.replace(entry, bare)])
            yield RULE.finding(entry, f"'{name}' of '{value}' begins or ends with a blank", fix=fix)
