"""An input path that matches no file.

## Why it is bad

Paths start at the folder where training is started. A pattern that matches nothing is an error only when
the input is built, and a pattern for shards matches nothing where there is one file. Paths that plainly
belong to another machine (an absolute path whose first folder is not there, a URL) are not judged.

## Example

    train_input_reader {
      label_map_path: "fixtures/shapes/shapes_label_map.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/shapes/shapes_trian.record"
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

from cfgtool.files import is_folder
from cfgtool.lint.checks._paths import near, worth_reporting
from cfgtool.lint.records import files_of
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG513",
    name="missing-records",
    severity="error",
    summary="Finds an input path that matches no file",
    on=("TFRecordInputReader.input_path",),
    fix="unsafe",
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Expand every path of a reader."""
    for entry in config.entries("input_path"):
        name = entry.value
        if not isinstance(name, str) or not context.looks_at(name):
            continue
        if files_of(context, name) or not worth_reporting(context, name):
            continue
        found = context.locate(name)
        if found is not None and is_folder(found):
            message = (
                f"'input_path' of '{name}' is a folder; write '{name.rstrip('/')}/*' for the files in it"
            )
            yield RULE.finding(entry, message)
            continue
        hint, meant = near(context, name)
        if "[" in name and found is not None:
            hint, meant = "; there is a file of that name, and '[' begins a set of letters: rename it", None
        fix = (
            context.fix(f"write '{meant}'", "unsafe", [context.replace(entry, f'"{meant}"')])
            if meant
            else None
        )
        yield RULE.finding(entry, f"'input_path' of '{name}' matches no file{hint}", fix=fix)
