"""Record files without a record.

## Why it is bad

Training that repeats an empty data set waits for ever at its start, without a message. The program that
wrote the file usually looked for images in a folder that is not there.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/empty.record"
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
    code="CFG581",
    name="empty-records",
    severity="error",
    summary="Finds record files without a record",
    on=READER,
    needs="records",
)

PROBLEMS = ("record-file-empty",)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Report files without a byte."""
    yield from told(RULE, PROBLEMS, context, config)
