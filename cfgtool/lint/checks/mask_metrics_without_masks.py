"""Mask metrics for a model without masks.

## Why it is bad

The evaluator looks for masks among the detections and stops with a missing key.

## Example

    model {
      ssd {
        num_classes: 3
      }
    }
    eval_config {
      metrics_set: "coco_mask_metrics"
    }

## Use instead

    model {
      ssd {
        num_classes: 3
      }
    }
    eval_config {
      metrics_set: "coco_detection_metrics"
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.data.predicted import predicted
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

SETS = (
    "coco_mask_metrics",
    "lvis_mask_metrics",
    "oid_challenge_segmentation_metrics",
    "pascal_voc_instance_segmentation_metrics",
    "weighted_pascal_voc_instance_segmentation_metrics",
)

RULE = Rule(
    code="CFG714",
    name="mask-metrics-without-masks",
    severity="error",
    summary="Finds mask metrics for a model that predicts no masks",
    on=("EvalConfig.metrics_set",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Look whether the model has a part that predicts masks."""
    entry = next((entry for entry in config.entries("metrics_set") if entry.value in SETS), None)
    model = predicted(config.root)
    if entry is None or model.masks or model.kind not in ("ssd", "faster_rcnn", "center_net"):
        return
    yield RULE.finding(entry, f"'{entry.value}' needs masks, which this '{model.kind}' does not predict")
