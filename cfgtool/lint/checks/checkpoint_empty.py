"""A start checkpoint without weights.

## Why it is bad

A checkpoint that is saved before the model was ever called holds counters and nothing else. Nothing can be
restored.

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
      fine_tune_checkpoint: "fixtures/lint/empty/ckpt-1"
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

from cfgtool.lint.checks._restore import start_of
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG416",
    name="checkpoint-without-weights",
    severity="error",
    summary="Finds a start checkpoint that holds no weights",
    on=("TrainConfig.fine_tune_checkpoint",),
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Count what is no bookkeeping; this needs no network."""
    start = start_of(context, config)
    if start is None or context.locate(start[1], ".index") is None:
        return
    checkpoint = context.checkpoint()
    if checkpoint is not None and not checkpoint.tensors():
        message = f"start checkpoint '{start[1]}' holds no weights; take a later one of that training"
        yield RULE.finding(start[0], message)
