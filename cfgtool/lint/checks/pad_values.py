"""Padding values for another number of channels.

## Why it is bad

Images are padded while they have three channels, also those that become gray afterwards. With another
number of values, the input pipeline stops at the first image.

## Example

    model {
      ssd {
        image_resizer {
          keep_aspect_ratio_resizer {
            pad_to_max_dimension: true
            per_channel_pad_value: [0]
          }
        }
      }
    }

## Use instead

    model {
      ssd {
        image_resizer {
          keep_aspect_ratio_resizer {
            pad_to_max_dimension: true
            per_channel_pad_value: [0, 0, 0]
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
    code="CFG359",
    name="pad-values-off-channels",
    severity="error",
    summary="Finds padding values that are not one for each channel",
    on=("KeepAspectRatioResizer.per_channel_pad_value",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Count the values where there is padding."""
    count = len(config.numbers("per_channel_pad_value"))
    if config.flag("pad_to_max_dimension") and count not in (0, 3):
        entry = config.entries("per_channel_pad_value")[0]
        message = f"'per_channel_pad_value' has {count} values; images have 3 channels when they are padded"
        yield RULE.finding(entry, message)
