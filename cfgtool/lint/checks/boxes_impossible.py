"""Boxes that cannot be the outline of anything.

## Why it is bad

A box whose minimum lies above its maximum stops training with an assertion, or turns the loss into NaN some
hundred steps later. One without an area is dropped without a message, one of less than a pixel becomes one
of these when the image is resized.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/turned_over.record"
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
    code="CFG582",
    name="impossible-boxes",
    severity="error",
    summary="Finds boxes that are turned over, without an area, or no numbers",
    on=READER,
    needs="records",
)

PROBLEMS = ("box-not-finite", "box-inverted", "box-without-area", "box-below-a-pixel")


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Report boxes that no object can have."""
    yield from told(RULE, PROBLEMS, context, config)
