"""A full restore from a checkpoint with other classes or anchors.

## Why it is bad

"full" restores the heads too, and their shapes follow from the number of classes and of anchors. With other
numbers the OD API stops with incompatible shapes. "detection" leaves the heads out.

## Example

    model {
      ssd {
        num_classes: 4
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
      fine_tune_checkpoint_type: "full"
      fine_tune_checkpoint_version: V2
    }

## Use instead

    model {
      ssd {
        num_classes: 4
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

## Fix safety

Unsafe: the heads start fresh then; the number of classes may be what is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._restore import heads_differ, plan_of, type_fix, type_place
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG415",
    name="full-restore-of-other-heads",
    severity="error",
    summary="Finds a full restore from a checkpoint whose heads have other shapes",
    on=("TrainConfig.fine_tune_checkpoint",),
    generations=("tf2",),
    fix="unsafe",
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Judge the restore plan where only heads do not fit."""
    plan = plan_of(context, config)
    if plan is None or plan.verdict.severity != "error" or not heads_differ(plan):
        return
    yield RULE.finding(type_place(config), str(plan.verdict), fix=type_fix(context, config, "detection"))
