"""Classes that have no box.

## Why it is bad

In training such a class is never learnt; in evaluation it is announced as 'have no ground truth examples',
and left out of the mean. It is told only where all records were read.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/only_cats.record"
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
    code="CFG597",
    name="classes-without-boxes",
    severity="info",
    summary="Finds classes of the label map of which the records hold no box",
    on=READER,
    needs="records",
)

PROBLEMS = ("classes-without-boxes",)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the classes of all records with the label map."""
    yield from told(RULE, PROBLEMS, context, config)
