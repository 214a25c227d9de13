"""Anchors of a pyramid in the coordinates of the other architecture.

## Why it is bad

An SSD works with anchors in shares of the image, a Faster R-CNN with anchors in pixels. The generator makes the former
unless told otherwise, for whichever it is: a Faster R-CNN then has anchors smaller than a pixel, an SSD anchors
hundreds of times the size of the image. Nothing matches, and nothing stops.

## Example

    model {
      faster_rcnn {
        first_stage_anchor_generator {
          multiscale_anchor_generator { min_level: 2 max_level: 6 aspect_ratios: [1.0, 2.0, 0.5] }
        }
      }
    }

## Use instead

    model {
      faster_rcnn {
        first_stage_anchor_generator {
          multiscale_anchor_generator {
            min_level: 2
            max_level: 6
            aspect_ratios: [1.0, 2.0, 0.5]
            normalize_coordinates: false
          }
        }
      }
    }

## Fix safety

Unsafe: training gives other results.
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
    code="CFG382",
    name="anchors-in-other-coordinates",
    severity="warning",
    summary="Finds pixel anchors in an SSD, or normalised ones in a Faster R-CNN",
    on=(
        "FasterRcnn.first_stage_anchor_generator",
        "MultiscaleAnchorGenerator.normalize_coordinates",
        "FlexibleGridAnchorGenerator.normalize_coordinates",
    ),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Find the generator from either side; it is judged once."""
    if config.type.name == "FasterRcnn":
        holder = config.message("first_stage_anchor_generator")
        kind = holder.which("anchor_generator_oneof")
        if kind not in ("multiscale_anchor_generator", "flexible_grid_anchor_generator"):
            return
        generator, wanted, because = holder.message(kind), "false", "a Faster R-CNN takes anchors in pixels"
    else:
        owner = config.parent.parent if config.parent else None
        if owner is None or owner.type.name != "Ssd":
            return
        generator, wanted, because = config, "true", "an SSD takes anchors in shares of the image"
    if generator.flag("normalize_coordinates") == (wanted == "true"):
        return
    line, entry = f"normalize_coordinates: {wanted}", generator.entry("normalize_coordinates")
    fix = context.insert_fix(generator, line, "unsafe")
    if entry is not None:
        fix = context.fix(f"write {wanted}", "unsafe", [context.replace(entry, wanted)])
    yield RULE.finding(entry or generator, f"{because}; write '{line}'", fix=fix)
