"""Scales between two ends that are the same.

## Why it is bad

With one layer, the scales between min_scale and max_scale are a division by zero when the model is built.

## Example

    model {
      ssd {
        anchor_generator {
          ssd_anchor_generator {
            num_layers: 1
          }
        }
      }
    }

## Use instead

    model {
      ssd {
        anchor_generator {
          ssd_anchor_generator {
            num_layers: 1
            scales: 0.3
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
    code="CFG357",
    name="single-anchor-layer",
    severity="error",
    summary="Finds anchors for one feature map whose scale is to be interpolated",
    on=("SsdAnchorGenerator.num_layers",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Explicit scales need no interpolation."""
    entry = config.entry("num_layers")
    if entry is not None and config.integer("num_layers") == 1 and not config.has("scales"):
        yield RULE.finding(entry, "'num_layers: 1' divides by zero; give the scale itself in 'scales'")
