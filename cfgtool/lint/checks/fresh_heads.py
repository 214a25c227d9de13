"""Heads that start fresh.

## Why it is bad

"Variable ... is available in checkpoint, but has an incompatible shape" is what TF1 logs of heads with
other classes. It is as it should be, and often taken for the failure itself. With the same classes, it
means other anchors.

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
          type: "ssd_mobilenet_v1"
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
      fine_tune_checkpoint: "fixtures/lint/detector_tf1/model.ckpt-5"
      fine_tune_checkpoint_type: "detection"
      load_all_detection_checkpoint_vars: true
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
          type: "ssd_mobilenet_v1"
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
      fine_tune_checkpoint: "fixtures/lint/detector_tf1/model.ckpt-5"
      fine_tune_checkpoint_type: "detection"
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._restore import plan_of
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG419",
    name="fresh-heads",
    severity="info",
    summary="Finds heads that start fresh because the start checkpoint has others",
    on=("TrainConfig.fine_tune_checkpoint",),
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Report the verdict that says so."""
    plan = plan_of(context, config)
    entry = config.entry("fine_tune_checkpoint")
    if plan is not None and entry is not None and plan.verdict.slug == "heads-differ":
        yield RULE.finding(entry, str(plan.verdict))
