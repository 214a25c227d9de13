"""A start checkpoint of another network.

## Why it is bad

Another backbone, another depth_multiplier, another feature pyramid: names or shapes are others, and most of
the backbone would start from random numbers. In TF2 the OD API stops with "objects were not bound to
checkpointed values", in TF1 it only warns.

## Example

    model {
      ssd {
        num_classes: 2
        image_resizer {
          fixed_shape_resizer {
            height: 128
            width: 128
          }
        }
        feature_extractor {
          type: "ssd_mobilenet_v2_keras"
        }
        anchor_generator {
          ssd_anchor_generator {
            aspect_ratios: [1.0, 2.0]
          }
        }
        box_predictor {
          convolutional_box_predictor {
            kernel_size: 1
          }
        }
      }
    }
    train_config {
      fine_tune_checkpoint: "fixtures/lint/detector/ckpt-1"
      fine_tune_checkpoint_type: "detection"
      fine_tune_checkpoint_version: V2
    }

## Use instead

    model {
      ssd {
        num_classes: 2
        image_resizer {
          fixed_shape_resizer {
            height: 128
            width: 128
          }
        }
        feature_extractor {
          type: "ssd_mobilenet_v1_keras"
        }
        anchor_generator {
          ssd_anchor_generator {
            aspect_ratios: [1.0, 2.0]
          }
        }
        box_predictor {
          convolutional_box_predictor {
            kernel_size: 1
          }
        }
      }
    }
    train_config {
      fine_tune_checkpoint: "fixtures/lint/detector/ckpt-1"
      fine_tune_checkpoint_type: "detection"
      fine_tune_checkpoint_version: V2
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._restore import better_type, plan_of
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG417",
    name="checkpoint-of-other-network",
    severity="error",
    summary="Finds a start checkpoint that belongs to another network",
    on=("TrainConfig.fine_tune_checkpoint",),
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Judge the restore plan where no restore type helps."""
    plan = plan_of(context, config)
    if plan is None or plan.verdict.severity != "error" or not plan.checkpoint.tensors():
        return
    entry = config.entry("fine_tune_checkpoint")
    if entry is not None and better_type(plan) is None:
        yield RULE.finding(entry, str(plan.verdict))
