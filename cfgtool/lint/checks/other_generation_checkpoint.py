"""A start checkpoint in the format of the other generation.

## Why it is bad

TF1 names variables, TF2 paths of objects. The OD API stops with "Checkpoint is expected to be an
object-based checkpoint" in TF2, and restores nothing in TF1. `cfgtool train` knows both names of every
variable and restores such weights where the two generations built the same network; where they only look
alike, the message says so.

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
      fine_tune_checkpoint: "fixtures/lint/detector_tf1/model.ckpt-5"
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

from cfgtool.lint.checks._restore import plan_of, start_of
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG420",
    name="checkpoint-of-other-generation",
    severity="warning",
    summary="Finds a start checkpoint in the format of the other generation, which the OD API cannot use",
    on=("TrainConfig.fine_tune_checkpoint",),
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the format with the generation."""
    start = start_of(context, config)
    if start is None or context.locate(start[1], ".index") is None:
        return
    checkpoint = context.checkpoint()
    if checkpoint is None or (checkpoint.format == "tf2-object") == (context.generation == "tf2"):
        return
    wanted, has = ("objects", "names") if context.generation == "tf2" else ("names", "objects")
    message = (
        f"'{start[1]}' is a checkpoint of {has}, the OD API wants one of {wanted} in "
        f"{context.generation.upper()}"
    )
    plan = plan_of(context, config)
    differs = (
        next((text for text in plan.warnings if text.startswith("the weights fit")), None) if plan else None
    )
    if differs:
        message += f"; {differs}"
    elif plan is not None and plan.verdict.severity == "ok":
        message += "; 'cfgtool train' restores it"
    yield RULE.finding(start[0], message)
