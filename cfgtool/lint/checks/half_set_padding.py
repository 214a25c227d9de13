"""A padded size with one of its two numbers.

## Why it is bad

Height and width are read together: with one of them alone the builder stops with a ValueError.

## Example

    train_config {
      data_augmentation_options {
        random_pad_image {
          max_image_height: 640
        }
      }
    }

## Use instead

    train_config {
      data_augmentation_options {
        random_pad_image {
          max_image_height: 640
          max_image_width: 640
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
    code="CFG570",
    name="half-set-padding",
    severity="error",
    summary="Finds a padded size of which only the height or only the width is written",
    on=(
        "RandomPadImage.min_image_height",
        "RandomPadImage.min_image_width",
        "RandomPadImage.max_image_height",
        "RandomPadImage.max_image_width",
    ),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Look for the partner of each number; 0 is as good as not written."""
    for bound in ("min", "max"):
        pair = [f"{bound}_image_height", f"{bound}_image_width"]
        written = [name for name in pair if config.integer(name) != 0]
        entry = config.entry(written[0]) if len(written) == 1 else None
        if entry is not None:
            other = next(name for name in pair if name not in written)
            yield RULE.finding(entry, f"'{written[0]}' is refused without '{other}'; write both")
