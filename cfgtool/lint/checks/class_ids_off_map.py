"""Class ids that the label map does not have.

## Why it is bad

Id 0 is the background, and an id above num_classes has no output: its objects train as 'something, of no
class', without a message. Ids that are missing from the label map have no name in evaluation, whose metrics
become -1.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/other_ids.record"
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
    code="CFG588",
    name="class-id-off-label-map",
    severity="error",
    summary="Finds class ids in records that the label map or the model does not have",
    on=READER,
    needs="records",
)

PROBLEMS = ("class-id-below-one", "class-id-above-num-classes", "class-id-unknown")


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the ids with the label map and with num_classes."""
    yield from told(RULE, PROBLEMS, context, config)
