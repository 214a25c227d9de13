"""Images without boxes.

## Why it is bad

Without a single box the loss goes to 0 and nothing is learnt. Where most images have none, each batch has
few objects; that may be meant, and is a warning.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/boxless.record"
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
    code="CFG594",
    name="records-without-boxes",
    severity="error",
    summary="Finds data sets in which no image, or hardly any, has a box",
    on=READER,
    needs="records",
)

PROBLEMS = ("records-without-boxes", "records-mostly-without-boxes")


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Judge the share of images without a box."""
    yield from told(RULE, PROBLEMS, context, config)
