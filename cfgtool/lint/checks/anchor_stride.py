"""Anchors of Faster R-CNN on another grid than its features.

## Why it is bad

There is one anchor centre per place of the feature map, and the stride says how far apart they are in the image.
With a stride of 8 on features of stride 16 all anchors lie in the upper left quarter; with 16 on 8 they reach far beyond
the image. Nothing checks it: the model trains, and finds little.

## Example

    model {
      faster_rcnn {
        feature_extractor {
          type: "faster_rcnn_resnet101"
          first_stage_features_stride: 8
        }
        first_stage_anchor_generator {
          grid_anchor_generator {
            scales: [0.25, 0.5, 1.0, 2.0]
            aspect_ratios: [0.5, 1.0, 2.0]
            height_stride: 16
            width_stride: 16
          }
        }
      }
    }

## Use instead

    model {
      faster_rcnn {
        feature_extractor {
          type: "faster_rcnn_resnet101"
          first_stage_features_stride: 8
        }
        first_stage_anchor_generator {
          grid_anchor_generator {
            scales: [0.25, 0.5, 1.0, 2.0]
            aspect_ratios: [0.5, 1.0, 2.0]
            height_stride: 8
            width_stride: 8
          }
        }
      }
    }

## Fix safety

Unsafe: the stride of the features may be what is wrong.
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
    code="CFG381",
    name="anchor-stride-off-features",
    severity="warning",
    summary="Finds anchors of Faster R-CNN whose stride is not that of the features",
    on=(
        "GridAnchorGenerator.height_stride",
        "GridAnchorGenerator.width_stride",
        "FasterRcnnFeatureExtractor.first_stage_features_stride",
    ),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare both strides of the grid; pyramids have no grid of their own."""
    model = config.root.find("model.faster_rcnn")
    extractor = model.message("feature_extractor")
    grid = model.find("first_stage_anchor_generator.grid_anchor_generator")
    if grid.block is None or extractor.block is None or "_fpn" in extractor.text("type"):
        return
    if config is extractor and (grid.has("height_stride") or grid.has("width_stride")):
        return  # said at the grid
    stride = extractor.integer("first_stage_features_stride")
    for name in ("height_stride", "width_stride"):
        entry, value = grid.entry(name), grid.integer(name)
        if value == stride:
            continue
        default = "" if entry else " (the default)"
        fix = context.insert_fix(grid, f"{name}: {stride}", "unsafe")
        if entry is not None:
            fix = context.fix(f"write {stride}", "unsafe", [context.replace(entry, str(stride))])
        message = f"'{name}: {value}'{default} is not the stride of the features, which is {stride}"
        yield RULE.finding(entry or grid, message, fix=fix)
