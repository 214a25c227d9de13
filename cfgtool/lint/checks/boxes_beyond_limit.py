"""Images with more boxes than the reader takes.

## Why it is bad

`max_number_of_boxes`, 100 unless it is set, is the size that boxes are padded to; what an image has beyond
it is cut off without a message, in evaluation too. Objects without their box are then learnt as background.
Old releases stop with 'Attempted to pad to a smaller size than the input element'.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/crowded.record"
      }
    }

## Use instead

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      max_number_of_boxes: 120
      tf_record_input_reader {
        input_path: "fixtures/records/crowded.record"
      }
    }

## Fix safety

Unsafe: training sees more boxes than before and needs more memory, and a sample of the records may not hold
the fullest image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._records import READER, problem_message, value_fix
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config


RULE = Rule(
    code="CFG591",
    name="boxes-beyond-limit",
    severity="warning",
    summary="Finds images with more boxes than the reader takes",
    on=READER,
    fix="unsafe",
    needs="records",
)

PROBLEMS = ("too-many-boxes",)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Offer the largest number of boxes of an image as the limit."""
    sample = context.records(config)
    if sample is None or sample.inspection.first("too-many-boxes") is None:
        return
    most = sample.stats.max_boxes
    fix = value_fix(context, config, "max_number_of_boxes", most)
    place = config.entry("max_number_of_boxes") or config
    message = f"{problem_message(sample, 'too-many-boxes')}; write {most} or more"
    yield RULE.finding(place, message, fix=fix)
