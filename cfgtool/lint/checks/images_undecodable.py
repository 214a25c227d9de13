"""Images that training cannot decode.

## Why it is bad

Only JPEG, PNG, GIF and BMP are decoded; anything else stops training when its record comes up. A wrong
'image/format' alone does no harm, and is a remark.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/webp.record"
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
    code="CFG584",
    name="undecodable-images",
    severity="error",
    summary="Finds images that training cannot decode",
    on=READER,
    needs="records",
)

PROBLEMS = ("image-not-decodable", "image-format-differs")


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at the first bytes of each image."""
    yield from told(RULE, PROBLEMS, context, config)
