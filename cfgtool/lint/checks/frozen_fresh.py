"""Frozen variables that the start checkpoint does not restore.

## Why it is bad

A frozen variable keeps the value that it starts with. One that the checkpoint does not restore starts with a
random value, and the layers after it are trained to live with that. A pattern that is too wide, or an
`update_trainable_variables` that leaves new heads out, does this without a word.

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
      fine_tune_checkpoint_type: "detection"
      fine_tune_checkpoint_version: V2
      freeze_variables: ".*BoxPredictor"
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
      freeze_variables: "FeatureExtractor/MobilenetV1"
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._restore import plan_of
from cfgtool.lint.rules import Rule
from cfgtool.matching.verdict import frozen_in_words
from cfgtool.networks.freezing import FIELDS, freeze_patterns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.matching import RestorePlan
    from cfgtool.schema import Config, Entry

RULE = Rule(
    code="CFG430",
    name="frozen-fresh-variables",
    severity="warning",
    summary="Finds frozen variables that the start checkpoint does not restore",
    on=(
        "TrainConfig.freeze_variables",
        "TrainConfig.update_trainable_variables",
    ),
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare what is frozen with what is restored, where the restore itself is as it should be."""
    plan = plan_of(context, config)
    if plan is None or plan.verdict.severity == "error" or not plan.frozen_fresh:
        return
    yield RULE.finding(_place(config, plan), frozen_in_words(plan))


def _place(config: Config, plan: RestorePlan) -> Entry:
    """The first pattern that freezes such a variable; else the fields that leave it out."""
    fresh = {variable.name for variable in plan.frozen_fresh}
    entries = [entry for field in FIELDS for entry in config.entries(field)]
    for entry, pattern in zip(entries, freeze_patterns(config, plan.network.variables), strict=True):
        if pattern.field == "freeze_variables" and pattern.variables & fresh:
            return entry
    return entries[-1]
