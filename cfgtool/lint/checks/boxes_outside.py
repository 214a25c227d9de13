"""Boxes that are not fractions of their image.

## Why it is bad

Coordinates go from 0 to 1. Beyond 1.1 training stops with 'maximum box coordinate value is larger than
1.100000'; boxes that were divided twice are all in the corner and teach nothing. The usual reasons are
pixels, a width and height that belong to another size of the image, and photos that a viewer turns by their
EXIF entry.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/pixels.record"
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
    code="CFG583",
    name="boxes-off-image",
    severity="error",
    summary="Finds boxes in pixels, beyond the image, or all at its corner",
    on=READER,
    needs="records",
)

PROBLEMS = ("box-in-pixels", "box-outside", "boxes-near-zero", "box-over-edge")


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Report coordinates that leave the image."""
    yield from told(RULE, PROBLEMS, context, config)
