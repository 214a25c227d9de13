"""A start checkpoint that lacks a part of the network.

## Why it is bad

TF1 restores what has the right name and shape, warns in the log of the rest, and trains it from random
numbers. A log full of such warnings is easily overlooked.

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
      fine_tune_checkpoint: "fixtures/lint/trunk_tf1/model.ckpt-5"
      fine_tune_checkpoint_type: "detection"
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

from cfgtool.lint.checks._restore import better_type, plan_of
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG418",
    name="partial-restore",
    severity="warning",
    summary="Finds a start checkpoint that lacks a part of the network",
    on=("TrainConfig.fine_tune_checkpoint",),
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Report a verdict that is a warning, unless another restore type is the answer."""
    plan = plan_of(context, config)
    entry = config.entry("fine_tune_checkpoint")
    if plan is None or entry is None or plan.verdict.severity != "warning" or better_type(plan) is not None:
        return
    yield RULE.finding(entry, str(plan.verdict))
