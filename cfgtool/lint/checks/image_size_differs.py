"""A size of the image that is not its size.

## Why it is bad

Boxes were divided by the size that the record gives; if the image was resized or turned afterwards they lie
elsewhere. Evaluation multiplies with the given size, so its areas are wrong as well.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/resized_later.record"
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
    code="CFG596",
    name="image-size-off-record",
    severity="warning",
    summary="Finds records that give another size of the image than its header",
    on=READER,
    needs="records",
)

PROBLEMS = ("image-size-differs",)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the sizes in the record with the header of the image."""
    yield from told(RULE, PROBLEMS, context, config)
