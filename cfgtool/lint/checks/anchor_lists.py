"""Strides or offsets of anchors that are not one for each feature map.

## Why it is bad

Both are lists with a value per feature map, heights and widths apart. A shorter or longer list of heights, or a
shorter one of widths, stops the builder with a ValueError; widths beyond the heights are dropped, and widths alone
have no effect.

## Example

    model {
      ssd {
        anchor_generator {
          ssd_anchor_generator {
            num_layers: 3
            aspect_ratios: [1.0, 2.0, 0.5]
            height_stride: [16, 32]
            width_stride: [16, 32]
          }
        }
      }
    }

## Use instead

    model {
      ssd {
        anchor_generator {
          ssd_anchor_generator {
            num_layers: 3
            aspect_ratios: [1.0, 2.0, 0.5]
            height_stride: [16, 32, 64]
            width_stride: [16, 32, 64]
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
    code="CFG380",
    name="anchor-lists-off-layers",
    severity="error",
    summary="Finds strides or offsets of anchors that are not as many as the feature maps",
    on=(
        "SsdAnchorGenerator.height_stride",
        "SsdAnchorGenerator.width_stride",
        "SsdAnchorGenerator.height_offset",
        "SsdAnchorGenerator.width_offset",
    ),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Count both lists of strides, and both of offsets."""
    layers = len(config.numbers("scales")) or config.integer("num_layers")
    for kind in ("stride", "offset"):
        names = (f"height_{kind}", f"width_{kind}")
        heights, widths = (len(config.integers(name)) for name in names)
        if heights == 0 and widths:
            place = config.entries(names[1])[0]
            message = f"'{names[1]}' has no effect without '{names[0]}'"
            yield RULE.finding(place, message, severity="warning")
        for name, count in zip(names, (heights, widths), strict=True) if heights else ():
            if count == layers:
                continue
            surplus = name == names[1] and count > layers
            place = config.entries(name)[0] if count else config.entries(names[0])[0]
            message = f"'{name}' has {count} values for {layers} feature maps"
            yield RULE.finding(
                place,
                message + ("; the last are dropped" if surplus else "; write one for each"),
                severity="warning" if surplus else None,
            )
