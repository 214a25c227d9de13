"""Images that have not three channels.

## Why it is bad

Images are decoded to three channels: transparency is dropped, so that what it hid appears, and CMYK is converted
without its profile. Grey images are repeated in all channels, which is only a remark. (A BMP that has not
three channels is not decoded at all, and another rule's matter.)

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/transparent.record"
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
    code="CFG585",
    name="image-channels-off-three",
    severity="warning",
    summary="Finds images that have not three channels",
    on=READER,
    needs="records",
)

PROBLEMS = ("image-channels", "image-grey")


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Read the number of channels off the header of each image."""
    yield from told(RULE, PROBLEMS, context, config)
