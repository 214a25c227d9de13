"""A size class that evaluation has no objects of.

## Why it is bad

The COCO metrics come by size as well: below 32 x 32, below 96 x 96, and larger, in pixels of the stored
image. A class without a single object gets -1, which is no failure and looks like one. It is told only
where all records were read.

## Example

    eval_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/large_only.record"
      }
    }

## Use instead

    eval_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/all_sizes.record"
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
    code="CFG556",
    name="empty-size-class",
    severity="info",
    summary="Finds evaluation records without small, medium or large objects, whose metrics will be -1",
    on=("TrainEvalPipelineConfig.eval_input_reader",),
    needs="records",
)

METRICS = "coco_detection_metrics"


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Count the boxes of each size class where COCO metrics are computed."""
    metrics = config.message("eval_config").texts("metrics_set")
    if metrics and METRICS not in metrics:
        return
    for reader in config.messages("eval_input_reader"):
        sample = context.records(reader) if reader is not None else None
        if sample is None or not sample.complete or not sample.stats.boxes:
            continue
        empty = [name for name, count in sample.stats.sizes.items() if not count]
        if empty:
            names = " or ".join(empty)
            message = f"no object of the evaluation is {names} (COCO's size classes): AP and AR of that size will be -1"
            yield RULE.finding(sample.place(), message)
