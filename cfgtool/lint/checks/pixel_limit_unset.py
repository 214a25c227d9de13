"""An image size limit that means another number than its default.

## Why it is bad

The builder leaves out what is not written, and the function behind it has a default of its own: 800000
pixels instead of the 500000 of the schema.

## Example

    train_config {
      data_augmentation_options {
        random_downscale_to_target_pixels {
          min_target_pixels: 300000
        }
      }
    }

## Use instead

    train_config {
      data_augmentation_options {
        random_downscale_to_target_pixels {
          min_target_pixels: 300000
          max_target_pixels: 500000
        }
      }
    }

## Fix safety

Unsafe: it writes what the OD API does today, which may not be what was meant.
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
    code="CFG567",
    name="unset-pixel-limit",
    severity="warning",
    summary="Finds an image size limit that is not written and means another number than its default",
    on=("RandomDownscaleToTargetPixels",),
    fix="unsafe",
)

SCHEMA, FUNCTION = 500000, 800000


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look whether the upper limit is written."""
    if config.has("max_target_pixels"):
        return
    message = (
        f"'max_target_pixels' is not set and means {FUNCTION}, not {SCHEMA}; write the one that is meant"
    )
    fix = context.insert_fix(config, f"max_target_pixels: {FUNCTION}", "unsafe")
    yield RULE.finding(config, message, fix=fix)
