"""A mask head without its stage, or the stage without its head.

## Why it is bad

Masks are predicted in the third stage. With two stages the head is never run: no mask loss appears, and
nothing says so. With three stages and no head, training stops with a KeyError for the mask predictions.

## Example

    model {
      faster_rcnn {
        number_of_stages: 2
        second_stage_box_predictor {
          mask_rcnn_box_predictor {
            predict_instance_masks: true
          }
        }
      }
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

## Fix safety

Unsafe: whether masks are wanted is a decision.
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
    code="CFG332",
    name="mask-stage-mismatch",
    severity="error",
    summary="Finds a Mask R-CNN whose third stage and mask head do not go together",
    on=("FasterRcnn",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the number of stages with what the head predicts."""
    stages = config.integer("number_of_stages")
    head = config.find("second_stage_box_predictor.mask_rcnn_box_predictor")
    masks = head.flag("predict_instance_masks")
    entry = config.entry("number_of_stages")
    if stages == 3 and not masks and entry is not None:
        message = (
            "'number_of_stages: 3' needs a mask_rcnn_box_predictor with 'predict_instance_masks: true'; 2 "
            "stages predict boxes"
        )
        yield RULE.finding(
            entry, message, fix=context.fix("write 2", "unsafe", [context.replace(entry, "2")])
        )
    elif stages == 2 and masks:
        fix = context.insert_fix(config, "number_of_stages: 3", "unsafe")
        if entry is not None:
            fix = context.fix("write 3", "unsafe", [context.replace(entry, "3")])
        message = (
            f"'predict_instance_masks: true' has no effect in {stages} stages; write 'number_of_stages: 3'"
        )
        yield RULE.finding(head.entry("predict_instance_masks") or head, message, fix=fix, severity="warning")
