"""Masks that are learnt and not measured.

## Why it is bad

Without a metrics_set only boxes are evaluated, and so with a set for boxes alone. How good the masks are is
not known then; the old switch eval_instance_masks has no reader in the OD API.

## Example

    model {
      faster_rcnn {
        number_of_stages: 3
        second_stage_box_predictor {
          mask_rcnn_box_predictor {
            predict_instance_masks: true
          }
        }
      }
    }
    eval_config {
      metrics_set: "coco_detection_metrics"
    }

## Use instead

    model {
      faster_rcnn {
        number_of_stages: 3
        second_stage_box_predictor {
          mask_rcnn_box_predictor {
            predict_instance_masks: true
          }
        }
      }
    }
    eval_config {
      metrics_set: "coco_detection_metrics"
      metrics_set: "coco_mask_metrics"
    }

## Fix safety

Unsafe: evaluation takes more time and memory, and wants masks in its records.
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
    code="CFG705",
    name="masks-not-evaluated",
    severity="info",
    summary="Finds a model of masks whose evaluation measures boxes only",
    on=("MaskRCNNBoxPredictor.predict_instance_masks",),
    fix="unsafe",
    when={"equals": [True]},
)

SETS = ("mask", "segmentation", "panoptic")
"""Parts of the names of sets that measure masks."""


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look for a set that measures masks, if there is an evaluation."""
    evaluation = config.root.message("eval_config")
    named = evaluation.entries("metrics_set")
    if evaluation.block is None or evaluation.has("parameterized_metric"):
        return
    if any(part in str(entry.value) for entry in named for part in SETS):
        return
    line = 'metrics_set: "coco_mask_metrics"'
    added = line if named else 'metrics_set: ["coco_detection_metrics", "coco_mask_metrics"]'
    fix = context.insert_fix(evaluation, added, "unsafe", before=named[0] if named else None)
    shown = "'metrics_set' measures boxes only" if named else "without 'metrics_set' only boxes are measured"
    yield RULE.finding(
        named[0] if named else evaluation, f"{shown}, and the model predicts masks; add '{line}'", fix=fix
    )
