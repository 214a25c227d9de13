"""Lists of one record that are not equally long.

## Why it is bad

All lists hold one value for each object. Where they differ training stops with 'Groundtruth boxes and
labels have incompatible shapes', or gives boxes the class of their neighbour.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/uneven.record"
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
    code="CFG587",
    name="uneven-object-lists",
    severity="error",
    summary="Finds records whose boxes, classes and other lists are not equally long",
    on=READER,
    needs="records",
)

PROBLEMS = ("box-lists-differ", "class-list-differs", "object-list-differs")


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the lengths of the lists."""
    yield from told(RULE, PROBLEMS, context, config)
