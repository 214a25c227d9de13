"""Class names that the label map does not have.

## Why it is bad

Where records name their classes, the names count and not the ids, and boxes of an unknown name are dropped
without a message. A capital letter or a blank at the end is enough.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/capitals.record"
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
    code="CFG589",
    name="class-text-off-label-map",
    severity="error",
    summary="Finds class names in records that the label map does not have",
    on=READER,
    needs="records",
)

PROBLEMS = ("class-text-unknown",)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look up the names of the records."""
    yield from told(RULE, PROBLEMS, context, config)
