"""A restore type that does not go with the start checkpoint.

## Why it is bad

Published TF2 configs say "classification", since they were trained from an image classifier. With a
published detector as the start, nothing is restored: the names are others. The OD API stops with "objects
were not bound", or trains from scratch. The reverse happens too.

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
      fine_tune_checkpoint_type: "classification"
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

## Fix safety

Unsafe: another checkpoint may be what was meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._restore import better_type, heads_differ, plan_of, type_fix, type_place
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG414",
    name="restore-type-off-checkpoint",
    severity="error",
    summary="Finds a restore type that does not go with what the start checkpoint holds",
    on=("TrainConfig.fine_tune_checkpoint",),
    fix="unsafe",
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Judge the restore plan where another type would restore more."""
    plan = plan_of(context, config)
    if plan is None or plan.verdict.severity == "ok" or not plan.checkpoint.tensors():
        return
    wanted = better_type(plan)
    if wanted is None or heads_differ(plan):
        return
    message = f"{plan.verdict.text}; write '{wanted}'"
    yield RULE.finding(type_place(config), message, fix=type_fix(context, config, wanted))
