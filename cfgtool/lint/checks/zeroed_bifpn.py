"""A block that replaces the presets of EfficientDet by zeros.

## Why it is bad

Without a `bifpn` block, each EfficientDet has its published pyramid. With one, its numbers count, and those
that are not written are 0: a pyramid of no layers, or of the least number of filters.

## Example

    model {
      ssd {
        feature_extractor {
          type: "ssd_efficientnet-b0_bifpn_keras"
          bifpn {
            min_level: 3
          }
        }
      }
    }

## Use instead

    model {
      ssd {
        feature_extractor {
          type: "ssd_efficientnet-b0_bifpn_keras"
          bifpn {
            num_iterations: 3
            num_filters: 64
          }
        }
      }
    }

## Fix safety

Unsafe: the network changes to the preset of its type, and levels written in the block go with it.
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
    code="CFG352",
    name="zeroed-pyramid-preset",
    severity="warning",
    summary="Finds a bifpn block that sets the size of its pyramid to 0 by leaving it out",
    on=("BidirectionalFeaturePyramidNetworks",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look for the two numbers that have no default."""
    zero = [name for name in ("num_iterations", "num_filters") if config.integer(name) == 0]
    if zero:
        shown = " and ".join(f"'{name}'" for name in zero)
        message = (
            f"'bifpn' without {shown} means 0, not the preset of the type; write the number or no 'bifpn'"
        )
        entry = config.parent.entry("bifpn") if config.parent else None
        fix = context.fix("remove 'bifpn'", "unsafe", [context.delete(entry)]) if entry else None
        yield RULE.finding(config, message, fix=fix)
