"""Records that cannot be read.

## Why it is bad

Training stops with a DataLossError that names neither the file nor the place, often hours later, when the
damaged record is reached. Files are cut off by a full disk or an upload, still compressed, a pointer of Git
LFS, or no TFRecord at all. Of a large set a sample is read; `--all-records` reads everything, checksums included.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/cut_off.record"
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
    code="CFG580",
    name="unreadable-records",
    severity="error",
    summary="Finds record files that are damaged, cut off, compressed or something else",
    on=READER,
    needs="records",
)

PROBLEMS = ("record-framing", "record-checksum", "record-unreadable", "record-not-an-example")


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Report the first place that cannot be read."""
    yield from told(RULE, PROBLEMS, context, config)
