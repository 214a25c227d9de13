"""A crop that drops its aspect ratio.

## Why it is bad

The aspect ratio is handed on with the operations. Where none is written the built-in ones are used, and
with them a ratio of 1.

## Example

    train_config {
      data_augmentation_options {
        ssd_random_crop_fixed_aspect_ratio {
          aspect_ratio: 1.5
        }
      }
    }

## Use instead

    train_config {
      data_augmentation_options {
        ssd_random_crop_fixed_aspect_ratio {
          operations {
            min_object_covered: 0.1
            min_area: 0.1
            max_area: 1.0
          }
          aspect_ratio: 1.5
        }
      }
    }
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
    code="CFG573",
    name="idle-crop-aspect-ratio",
    severity="warning",
    summary="Finds a crop whose aspect ratio is dropped because it has no operations",
    on=("SSDRandomCropFixedAspectRatio.aspect_ratio",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Count the operations; the default ratio is what is used anyway."""
    entry, ratio = config.entry("aspect_ratio"), config.number("aspect_ratio")
    if entry is not None and not config.has("operations") and ratio != 1:
        message = f"'aspect_ratio' of {ratio:.6g} is dropped without 'operations'; write some, or the ratio 1"
        yield RULE.finding(entry, message)
