"""A crop whose upper bounds are 0.

## Why it is bad

The numbers of an operation have no defaults: what is not written is 0. A crop of at most 0 of the image, or
of an aspect ratio of at most 0, cannot be made.

## Example

    train_config {
      data_augmentation_options {
        ssd_random_crop {
          operations {
            min_object_covered: 0.5
            min_aspect_ratio: 0.75
            max_aspect_ratio: 1.33
          }
        }
      }
    }

## Use instead

    train_config {
      data_augmentation_options {
        ssd_random_crop {
          operations {
            min_object_covered: 0.5
            min_aspect_ratio: 0.75
            max_aspect_ratio: 1.33
            max_area: 1.0
          }
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
    code="CFG574",
    name="zeroed-crop-operation",
    severity="warning",
    summary="Finds a crop operation whose upper bounds are 0 because they are not written",
    on=(
        "SSDRandomCropOperation",
        "SSDRandomCropPadOperation",
        "SSDRandomCropFixedAspectRatioOperation",
        "SSDRandomCropPadFixedAspectRatioOperation",
    ),
)

BOUNDS = ("max_aspect_ratio", "max_area")


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Look for the bounds that this kind of operation has; a `random_coef` of 1 never crops."""
    zero = [name for name in BOUNDS if name in config.type.fields and config.number(name) == 0]
    if zero and config.number("random_coef") < 1:
        shown = " and ".join(f"'{name}'" for name in zero)
        yield RULE.finding(
            config, f"operation without {shown} crops to 0; write the upper bounds, such as 'max_area: 1.0'"
        )
