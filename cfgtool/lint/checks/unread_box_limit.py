"""The limit of boxes in a place where nothing reads it.

## Why it is bad

`train_config.max_number_of_boxes` is what tutorials and the TPU documentation recommend, and no code reads
it. The limit of `train_input_reader` counts: 100 unless it is set. Images with more boxes lose the rest
without a word.

## Example

    train_config {
      max_number_of_boxes: 300
    }
    train_input_reader {
      label_map_path: "label_map.pbtxt"
    }

## Use instead

    train_input_reader {
      label_map_path: "label_map.pbtxt"
      max_number_of_boxes: 300
    }

## Fix safety

Safe where the number is the reader's own already: then the field goes. Unsafe where it moves to the reader,
because training then sees more, or fewer, boxes than before.
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
    code="CFG104",
    name="unread-box-limit",
    severity="warning",
    summary="Finds a limit of boxes in train_config, where nothing reads it",
    on=("TrainConfig.max_number_of_boxes",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the dead limit with the one of the training reader."""
    entry = config.entry("max_number_of_boxes")
    if entry is None:
        return
    reader = context.config.message("train_input_reader")
    limit = reader.integer("max_number_of_boxes")
    name, deletion = entry.type.name, context.delete(entry)
    if entry.value == limit:
        message = f"'{name}' of 'train_config' is not read; 'train_input_reader' has the same limit anyway"
        fix = context.fix(f"remove '{name}'", "safe", [deletion])
        yield RULE.finding(entry, message, fix=fix, severity="info")
        return
    message = f"'{name}: {entry.value}' of 'train_config' is not read; 'train_input_reader' cuts at {limit}"
    if reader.has(name):
        fix = context.fix(f"remove '{name}'", "unsafe", [deletion])
    else:
        insertion = context.insert(reader, f"{name}: {context.source(entry)}")
        fix = context.fix("move it to 'train_input_reader'", "unsafe", [deletion, insertion])
    yield RULE.finding(entry, message, fix=fix)
