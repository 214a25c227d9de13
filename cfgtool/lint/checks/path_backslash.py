"""A path with the separators of Windows.

## Why it is bad

Configs that were written on Windows hold doubled backslashes. On Linux and on Colab they are a part of the
name, and the file is not found although it is there. Slashes work everywhere.

## Example

    train_input_reader {
      label_map_path: "data\\\\map.pbtxt"
    }

## Use instead

    train_input_reader {
      label_map_path: "data/map.pbtxt"
    }

## Fix safety

Safe: Windows takes slashes too, and no other system takes backslashes.
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
    code="CFG519",
    name="backslash-in-path",
    severity="warning",
    summary="Finds a path with backslashes, which only Windows understands",
    on=(
        "TrainConfig.fine_tune_checkpoint",
        "InputReader.label_map_path",
        "TFRecordInputReader.input_path",
    ),
    fix="safe",
    when={"contains": ["\\"]},
)


FIELDS = ("fine_tune_checkpoint", "label_map_path", "input_path")


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look for backslashes in the values; control characters are another rule's."""
    for name in FIELDS:
        for entry in config.entries(name) if name in config.type.fields else ():
            value = entry.value
            if not isinstance(value, str) or "\\" not in value or min(value) < " ":
                continue
            source = context.document.text[entry.start : entry.end]
            fix = None
            if source.count("\\") == 2 * source.count("\\\\"):
                slashes = source.replace("\\\\", "/")
                fix = context.fix("write slashes", "safe", [context.replace(entry, slashes)])
            yield RULE.finding(
                entry, f"'{name}' of '{value}' has backslashes, which only Windows takes for folders", fix=fix
            )
