"""A shared head for maps with different numbers of anchors.

## Why it is bad

A weight-shared head has the same filters for every map, so every location needs the same number of anchors.
Unless `reduce_boxes_in_lowest_layer` is false, the finest map has 3. The model cannot be built.

## Example

    model {
      ssd {
        anchor_generator {
          ssd_anchor_generator {
            aspect_ratios: [1.0, 2.0, 0.5, 3.0, 0.3333]
          }
        }
        box_predictor {
          weight_shared_convolutional_box_predictor {
            depth: 256
          }
        }
      }
    }

## Use instead

    model {
      ssd {
        anchor_generator {
          ssd_anchor_generator {
            aspect_ratios: [1.0, 2.0, 0.5, 3.0, 0.3333]
            reduce_boxes_in_lowest_layer: false
          }
        }
        box_predictor {
          weight_shared_convolutional_box_predictor {
            depth: 256
          }
        }
      }
    }

## Fix safety

Unsafe: the number of anchors changes, and with it the shapes of the head.
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
    code="CFG346",
    name="shared-head-with-unequal-anchors",
    severity="error",
    summary="Finds a head shared by all feature maps, whose lowest map has another number of anchors",
    on=("SsdAnchorGenerator",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Count the anchors of the finest map and of the others."""
    ssd = config.parent.parent if config.parent else None
    if ssd is None or ssd.type.name != "Ssd" or not config.flag("reduce_boxes_in_lowest_layer"):
        return
    if (
        ssd.message("box_predictor").which("box_predictor_oneof")
        != "weight_shared_convolutional_box_predictor"
    ):
        return
    others = len(config.numbers("aspect_ratios")) + (config.number("interpolated_scale_aspect_ratio") > 0)
    layers = len(config.numbers("scales")) or config.integer("num_layers")
    if others == 3 or layers < 2:
        return
    entry = config.entry("reduce_boxes_in_lowest_layer")
    line = "reduce_boxes_in_lowest_layer: false"
    fix = context.insert_fix(config, line, "unsafe")
    if entry is not None:
        fix = context.fix("write false", "unsafe", [context.replace(entry, "false")])
    message = (
        "a weight-shared head needs equal maps: the finest has 3 anchors per location, the others "
        f"{others}; write '{line}'"
    )
    yield RULE.finding(entry or config, message, fix=fix)
