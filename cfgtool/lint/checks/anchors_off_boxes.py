"""Anchors that the boxes of the data do not fit.

## Why it is bad

A box is learnt by the anchors that overlap it enough; `matched_threshold` says how much. A box that no
anchor reaches even when the two share their centre is learnt by a single forced match at best, and is found
rarely or never: the recall of small objects is 0. The smallest anchors of SSD's usual settings have a fifth
of the image's side. Boxes are taken at the size that the resizer leaves them; random crops enlarge some of
them in training, but not in use.

## Example

    model {
      ssd {
        image_resizer {
          fixed_shape_resizer {
            height: 300
            width: 300
          }
        }
        matcher {
          argmax_matcher {
            matched_threshold: 0.5
          }
        }
        anchor_generator {
          ssd_anchor_generator {
            num_layers: 6
            min_scale: 0.2
            max_scale: 0.95
            aspect_ratios: [1.0, 2.0, 0.5]
            reduce_boxes_in_lowest_layer: false
          }
        }
      }
    }
    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/small_boxes.record"
      }
    }

## Use instead

    model {
      ssd {
        image_resizer {
          fixed_shape_resizer {
            height: 300
            width: 300
          }
        }
        matcher {
          argmax_matcher {
            matched_threshold: 0.5
          }
        }
        anchor_generator {
          ssd_anchor_generator {
            num_layers: 6
            min_scale: 0.05
            max_scale: 0.95
            aspect_ratios: [1.0, 2.0, 0.5]
            reduce_boxes_in_lowest_layer: false
          }
        }
      }
    }
    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/small_boxes.record"
      }
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.lint.checks._records import training_sample
from cfgtool.lint.rules import Rule
from cfgtool.networks.anchor_shapes import anchor_sizes
from cfgtool.networks.seen_boxes import (
    SeenBox,
    best_overlap,
    detector_of,
    generator_of,
    middle,
    positive_overlap,
    seen_boxes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.networks.anchor_shapes import Size
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG598",
    name="anchors-off-boxes",
    severity="warning",
    summary="Finds anchors that many boxes of the training records do not fit",
    on=("Ssd.anchor_generator", "FasterRcnn.first_stage_anchor_generator"),
    needs="records",
)

SHARE = 0.25
"""Every set of anchors misses a few boxes of odd shapes. So many are a mistake, and no choice."""
FEW = 5
"""Fewer boxes may be an accident of a small set of records."""
SMALLER = {
    "ssd_anchor_generator": "lower 'min_scale' or write 'scales'",
    "multiscale_anchor_generator": "lower 'anchor_scale' or 'min_level'",
    "grid_anchor_generator": "add smaller 'scales'",
    "flexible_grid_anchor_generator": "add smaller 'base_sizes'",
}
LARGER = {
    "ssd_anchor_generator": "raise 'max_scale' or write 'scales'",
    "multiscale_anchor_generator": "raise 'max_level'",
    "grid_anchor_generator": "add larger 'scales'",
    "flexible_grid_anchor_generator": "add larger 'base_sizes'",
}


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Lay the best anchor over the centre of each box."""
    generator = generator_of(config)
    kind = generator.which("anchor_generator_oneof") if generator is not None else None
    threshold = positive_overlap(config)
    sample = training_sample(context)
    if (
        generator is None
        or kind is None
        or threshold is None
        or sample is None
        or detector_of(context.config) is not config
    ):
        return
    boxes = seen_boxes(sample.stats.kept.sizes, config.message("image_resizer"))
    try:
        anchors = {shape: _flat(anchor_sizes(generator, shape)) for shape in {box.canvas for box in boxes}}
    except UserError:
        return  # generators that cannot work are another rule's matter
    if not boxes or not all(anchors.values()):
        return
    missed = [box for box in boxes if best_overlap(box, anchors[box.canvas]) < threshold]
    if len(missed) < max(SHARE * len(boxes), FEW):
        return
    message = (
        f"{100 * len(missed) // len(boxes)} % of {len(boxes)} boxes overlap no anchor by '{threshold:g}', even one "
        f"with the same centre: {_described(missed, anchors, kind)}"
    )
    yield RULE.finding(generator.entry(kind) or generator, message)


def _flat(levels: list[list[Size]]) -> list[Size]:
    return [size for level in levels for size in level]


def _described(missed: list[SeenBox], anchors: dict[tuple[int, int], list[Size]], kind: str) -> str:
    """How many of the missed boxes are too small, too large or of other shapes, and what would fit."""
    small: list[SeenBox] = []
    large: list[SeenBox] = []
    other: list[SeenBox] = []
    for box in missed:
        sizes = anchors[box.canvas]
        area = box.height * box.width
        areas = [height * width for height, width in sizes]
        (small if area < min(areas) else large if area > max(areas) else other).append(box)
    least = min(_flat(list(anchors.values())), key=lambda size: size[0] * size[1])
    most = max(_flat(list(anchors.values())), key=lambda size: size[0] * size[1])
    parts = [
        f"{len(group)} are {than} {shown[0]:.0f} x {shown[1]:.0f} pixels, most around {_typical(group)}"
        for group, than, shown in (
            (small, "smaller than the smallest of", least),
            (large, "larger than the largest of", most),
        )
        if group
    ]
    if other:
        ratio = middle([box.width / box.height for box in other])
        parts.append(f"{len(other)} have other shapes, most around a width / height of {ratio:.2g}")
    groups = ((small, SMALLER[kind]), (large, LARGER[kind]), (other, "add 'aspect_ratios' of them"))
    return ", ".join(parts) + "; " + max(groups, key=lambda group: len(group[0]))[1]


def _typical(boxes: list[SeenBox]) -> str:
    return f"{middle([box.height for box in boxes]):.0f} x {middle([box.width for box in boxes]):.0f}"
