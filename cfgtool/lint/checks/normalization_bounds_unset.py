"""An image normalisation whose ranges are not all written.

## Why it is bad

The builder hands the four numbers on as they are written and does not fill in the defaults of the schema:
training stops with a TypeError about a missing argument.

## Example

    train_config {
      data_augmentation_options {
        normalize_image {
          original_minval: 0
          original_maxval: 255
        }
      }
    }

## Use instead

    train_config {
      data_augmentation_options {
        normalize_image {
          original_minval: 0
          original_maxval: 255
          target_minval: 0
          target_maxval: 1
        }
      }
    }

## Fix safety

Safe: the numbers are the defaults of the schema, and without them there is no training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG566",
    name="unset-normalization-range",
    severity="error",
    summary="Finds an image normalisation whose ranges are not all written",
    on=("NormalizeImage",),
    fix="safe",
)

TARGETS = {"target_minval": "0", "target_maxval": "1"}
"""What the schema says of the fields that nobody fills in."""


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Name what is not written; the range of the images themselves is for the user to say."""
    unset = [name for name in ("original_minval", "original_maxval", *TARGETS) if not config.has(name)]
    if not unset:
        return
    fix = None
    if all(name in TARGETS for name in unset):
        lines = [f"{name}: {TARGETS[name]}" for name in unset]
        fix = context.fix("write the defaults", "safe", [context.insert(config, line) for line in lines])
    shown = ", ".join(f"'{name}'" for name in unset)
    message = f"'normalize_image' has no {shown}; all four numbers have to be written, the target is 0 to 1 by default"
    yield RULE.finding(config, message, fix=fix)
