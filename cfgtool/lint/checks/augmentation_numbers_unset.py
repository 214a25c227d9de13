"""An augmentation without the numbers that it is about.

## Why it is bad

The step has no defaults that work: a size of 0, or a mean for none of the channels, stops the input
pipeline with an error that does not name the step.

## Example

    train_config {
      data_augmentation_options {
        resize_image {
          new_height: 640
        }
      }
    }

## Use instead

    train_config {
      data_augmentation_options {
        resize_image {
          new_height: 640
          new_width: 640
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
    code="CFG575",
    name="augmentation-without-numbers",
    severity="error",
    summary="Finds an augmentation without the size or the means that it needs",
    on=("ResizeImage", "RandomResizeMethod", "SubtractChannelMean"),
)

NEEDED = {
    "ResizeImage": ("new_height", "new_width"),
    "RandomResizeMethod": ("target_height", "target_width"),
    "SubtractChannelMean": ("means",),
}
"""Message -> the fields without which it fails."""


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Look for what is not written, or 0."""
    unset = [name for name in NEEDED[config.type.name] if not config.value(name)]
    if unset:
        shown = " and ".join(f"'{name}'" for name in unset)
        yield RULE.finding(
            config, f"'{config.path.rpartition('.')[2]}' fails without {shown}; write it or remove the step"
        )
