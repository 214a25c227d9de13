"""A detection checkpoint of a layout that was given up.

## Why it is bad

TF2 wants the variables of a detector under "model". The first CenterNet checkpoints, and classifiers, have
them under "feature_extractor": the type "detection" stops with a RuntimeError that asks for a new download.

## Example

    model {
      center_net {
        num_classes: 2
        feature_extractor {
          type: "mobilenet_v2"
        }
      }
    }
    train_config {
      fine_tune_checkpoint: "fixtures/lint/classifier/ckpt-1"
      fine_tune_checkpoint_type: "detection"
      fine_tune_checkpoint_version: V2
    }

## Use instead

    model {
      center_net {
        num_classes: 2
        feature_extractor {
          type: "mobilenet_v2"
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

from cfgtool.lint.checks._restore import better_type, plan_of, start_of
from cfgtool.lint.rules import Rule
from cfgtool.schema.unwritten import restore_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG428",
    name="retired-checkpoint-layout",
    severity="error",
    summary="Finds a detection checkpoint whose variables are where TF2 no longer looks for them",
    on=("TrainConfig.fine_tune_checkpoint",),
    generations=("tf2",),
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at the roots of the names; where another restore type helps, another rule says so."""
    start = start_of(context, config)
    if start is None or restore_type(config) != "detection" or context.locate(start[1], ".index") is None:
        return
    checkpoint, plan = context.checkpoint(), plan_of(context, config)
    if checkpoint is None or (plan is not None and better_type(plan)):
        return
    name = next(
        (entry.key for entry in checkpoint.tensors() if entry.key.startswith("feature_extractor")), None
    )
    if name is not None:
        message = (
            f"'{start[1]}' has variables like '{name}', which the OD API refuses for the type 'detection'"
        )
        yield RULE.finding(start[0], f"{message}; take today's download of that detector")
