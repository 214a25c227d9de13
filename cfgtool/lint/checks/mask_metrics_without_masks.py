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

from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG714",
    name="mask-metrics-without-masks",
    severity="error",
    summary="Finds mask metrics for a model that predicts no masks",
    on=("EvalConfig.metrics_set",),
    when={"equals": ["coco_mask_metrics"]},
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Look whether the model has a part that predicts masks."""
    entry = next((e for e in config.entries("metrics_set") if e.value == "coco_mask_metrics"), None)
    model = config.root.message("model")
    kind = model.which("model")
    if entry is None or kind is None or _masks(model, kind):
        return
    yield RULE.finding(entry, f"'coco_mask_metrics' needs masks, which this '{kind}' does not predict")


def _masks(model: Config, kind: str) -> bool:
    if kind == "faster_rcnn":
        return model.find("faster_rcnn.second_stage_box_predictor.mask_rcnn_box_predictor").flag(
            "predict_instance_masks"
        )
    if kind == "center_net":
        center_net = model.message(kind)
        return center_net.has("mask_estimation_task") or center_net.has("deepmac_mask_estimation")
    return kind != "ssd"
