"""Records without the keys that are read.

## Why it is bad

A record without an image, or with boxes and no class, stops training; a value of another type is read as
missing. Evaluation counts an image once for each source id: where the ids are missing or repeated, images
are lost and the metrics are too good or too bad.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/incomplete.record"
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
    code="CFG586",
    name="missing-record-keys",
    severity="error",
    summary="Finds records without the keys that training and evaluation read, or with a source id twice",
    on=READER,
    needs="records",
)

PROBLEMS = ("missing-key", "minor-key-missing", "key-wrong-type", "record-duplicate-source")


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Report keys that are missing, of the wrong type, or not unique."""
    yield from told(RULE, PROBLEMS, context, config)
