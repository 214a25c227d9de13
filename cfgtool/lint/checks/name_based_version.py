"""A start checkpoint in TF2 without `fine_tune_checkpoint_version: V2`.

## Why it is bad

The schema's default is V1, the name-based checkpoints of TF1, and TF2 refuses it with "Checkpoint version
should be V2". The field has to be written although there is nothing else to choose.

## Example

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2_keras"
        }
      }
    }
    train_config {
      fine_tune_checkpoint: "zoo/checkpoint/ckpt-0"
      fine_tune_checkpoint_type: "detection"
    }

## Use instead

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2_keras"
        }
      }
    }
    train_config {
      fine_tune_checkpoint_version: V2
      fine_tune_checkpoint: "zoo/checkpoint/ckpt-0"
      fine_tune_checkpoint_type: "detection"
    }

## Fix safety

Safe: TF2 takes no other version. A checkpoint of TF1 stays one, whatever the field says.
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
    code="CFG403",
    name="name-based-version",
    severity="error",
    summary="Finds a start checkpoint that is not said to be of version V2, which TF2 wants to read",
    on=("TrainConfig.fine_tune_checkpoint",),
    generations=("tf2",),
    fix="safe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """The version counts only if there is a start checkpoint; UNKNOWN passes."""
    if not config.text("fine_tune_checkpoint") or config.enum("fine_tune_checkpoint_version") != "V1":
        return
    version = config.entry("fine_tune_checkpoint_version")
    if version is not None:
        fix = context.fix("write V2", "safe", [context.replace(version, "V2")])
        yield RULE.finding(version, "TF2 refuses checkpoints of version 'V1'; write V2", fix=fix)
        return
    start = config.entry("fine_tune_checkpoint")
    if start is not None:
        message = "'fine_tune_checkpoint_version' is not set and means 'V1', which TF2 refuses; write V2"
        fix = context.insert_fix(config, "fine_tune_checkpoint_version: V2", "safe", before=start)
        yield RULE.finding(start, message, fix=fix)
