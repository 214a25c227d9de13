"""Objects that are hardly there after resizing.

## Why it is bad

Large photos are squeezed to the size of the network's input. Objects of less than eight pixels cover less
than one cell of the finest feature map that detectors commonly use: the loss looks fine, and nothing is
found. A larger input costs time and memory; cutting the images into tiles keeps the objects.

## Example

    model {
      ssd {
        image_resizer {
          fixed_shape_resizer {
            height: 128
            width: 128
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
            height: 640
            width: 640
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

from cfgtool.lint.checks._records import training_sample
from cfgtool.lint.rules import Rule
from cfgtool.networks.seen_boxes import detector_of, middle, seen_boxes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config


RULE = Rule(
    code="CFG599",
    name="boxes-lost-in-resizing",
    severity="warning",
    summary="Finds image sizes at which many boxes of the records shrink to a few pixels",
    on=("TrainEvalPipelineConfig.train_input_reader",),
    needs="records",
)

PIXELS = 8
MANY, SOME = 0.5, 0.1


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Count the boxes that have no side of eight pixels."""
    detector, sample = detector_of(config), training_sample(context)
    if detector is None or sample is None:
        return
    resizer = detector.message("image_resizer")
    kind = resizer.which("image_resizer_oneof")
    entry = resizer.entry(kind) if kind else None
    boxes = seen_boxes(sample.stats.kept.sizes, resizer)
    small = [box for box in boxes if max(box.height, box.width) < PIXELS]
    if entry is None or not boxes or len(small) < SOME * len(boxes):
        return
    height, width = middle([box.height for box in small]), middle([box.width for box in small])
    message = (
        f"{100 * len(small) // len(boxes)} % of {len(boxes)} boxes have no side of {PIXELS} pixels after resizing, "
        f"most around {height:.1f} x {width:.1f}; enlarge the images, or cut them into tiles"
    )
    yield RULE.finding(entry, message, severity="warning" if len(small) >= MANY * len(boxes) else "info")
