"""Masks that are stored in another way than the reader expects.

## Why it is bad

Masks are PNG images or plain numbers, and `mask_type` says which; it means numbers unless it is set. The
wrong one stops the decoder, or yields masks of noise.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      load_instance_masks: true
      tf_record_input_reader {
        input_path: "fixtures/records/masks.record"
      }
    }

## Use instead

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      load_instance_masks: true
      mask_type: PNG_MASKS
      tf_record_input_reader {
        input_path: "fixtures/records/masks.record"
      }
    }

## Fix safety

Unsafe: only the first masks of the records were looked at.
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
    code="CFG593",
    name="mask-type-off-records",
    severity="error",
    summary="Finds a mask type that is not that of the masks in the records",
    on=READER,
    fix="unsafe",
    needs="records",
)

PROBLEMS = ("mask-type-differs",)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare `mask_type` with the type of the values."""
    sample = context.records(config)
    if sample is None or sample.inspection.first("mask-type-differs") is None:
        return
    other = "NUMERICAL_MASKS" if config.enum("mask_type") == "PNG_MASKS" else "PNG_MASKS"
    fix = value_fix(context, config, "mask_type", other)
    message = f"{problem_message(sample, 'mask-type-differs')}; write {other}"
    yield RULE.finding(config.entry("mask_type") or config, message, fix=fix)
