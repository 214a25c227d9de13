"""A path to a label map that is not there.

## Why it is bad

Paths start at the folder where training is started, not at the config's, and editors like to save
"map.pbtxt.txt". The file is opened when the input is built, minutes after the start. Paths that plainly
belong to another machine (an absolute path whose first folder is not there, a URL) are not judged.

## Example

    train_input_reader {
      label_map_path: "fixtures/shapes/shapes_labelmap.pbtxt"
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

## Fix safety

Unsafe: the nearest name is a guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._paths import near, worth_reporting
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG511",
    name="missing-label-map",
    severity="error",
    summary="Finds a path to a label map that is not there",
    on=("InputReader.label_map_path",),
    fix="unsafe",
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look for the file from the current folder, and beside the config."""
    entry, name = config.entry("label_map_path"), config.text("label_map_path")
    if entry is None or not context.looks_at(name) or context.locate(name) is not None:
        return
    if not worth_reporting(context, name):
        context.note(f"not checked against the label map: there is no '{name}' on this machine")
        return
    hint, meant = near(context, name)
    fix = context.fix(f"write '{meant}'", "unsafe", [context.replace(entry, f'"{meant}"')]) if meant else None
    yield RULE.finding(entry, f"there is no label map '{name}'{hint}", fix=fix)
