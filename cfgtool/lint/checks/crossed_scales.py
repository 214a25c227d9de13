"""Anchors that are large on the fine maps and small on the coarse ones.

## Why it is bad

Scales go from min_scale on the finest map to max_scale on the coarsest. The other way round nothing is
refused, and objects meet anchors on maps that cannot see them.

## Example

    model {
      ssd {
        anchor_generator {
          ssd_anchor_generator {
            min_scale: 0.95
            max_scale: 0.2
          }
        }
      }
    }

## Use instead

    model {
      ssd {
        anchor_generator {
          ssd_anchor_generator {
            min_scale: 0.2
            max_scale: 0.95
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
    code="CFG356",
    name="crossed-anchor-scales",
    severity="warning",
    summary="Finds anchors that shrink from the fine maps to the coarse ones",
    on=("SsdAnchorGenerator",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Compare the two, defaults included; explicit scales take their place."""
    low, high = config.number("min_scale"), config.number("max_scale")
    if low > high and not config.has("scales"):
        place = config.entry("min_scale") or config.entry("max_scale") or config
        yield RULE.finding(place, f"'min_scale' of {low:.6g} is above 'max_scale' of {high:.6g}")
