"""Class names and ids that mean different classes.

## Why it is bad

Records that were written with another label map: training goes by the names, tools that show the data by
the ids, and detections come out under wrong names.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/contradicting.record"
      }
    }

## Use instead

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/sound.record"
      }
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._records import READER, told
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG590",
    name="class-text-and-id-differ",
    severity="error",
    summary="Finds records whose class names and ids mean different classes",
    on=READER,
    needs="records",
)

PROBLEMS = ("class-text-and-id-differ",)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the name and the id of each object by the label map."""
    yield from told(RULE, PROBLEMS, context, config)
