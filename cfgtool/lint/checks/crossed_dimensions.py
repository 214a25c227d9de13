"""A shorter side that is longer than the longer one.

## Why it is bad

The resizer cannot be built: min_dimension has to be at most max_dimension. The defaults are 600 and 1024.

## Example

    model {
      ssd {
        image_resizer {
          keep_aspect_ratio_resizer {
            max_dimension: 512
          }
        }
      }
    }

## Use instead

    model {
      ssd {
        image_resizer {
          keep_aspect_ratio_resizer {
            min_dimension: 512
            max_dimension: 512
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
    code="CFG347",
    name="crossed-dimensions",
    severity="error",
    summary="Finds a resizer whose shorter side is longer than its longer one",
    on=("KeepAspectRatioResizer",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Compare the two, defaults included."""
    shorter, longer = config.integer("min_dimension"), config.integer("max_dimension")
    if shorter <= longer:
        return
    entry = config.entry("min_dimension")
    shown = f"'min_dimension' of {shorter}" + ("" if entry else " (the default)")
    place = entry or config.entry("max_dimension") or config
    yield RULE.finding(place, f"{shown} is above 'max_dimension' of {longer}")
