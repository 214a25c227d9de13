"""A start checkpoint without a restore type.

## Why it is bad

Without `fine_tune_checkpoint_type` the deprecated `from_detection_checkpoint` decides, and without that the
type is "classification": only the backbone, under the names of a classifier. From a published detector
nothing is restored.

## Example

    train_config {
      fine_tune_checkpoint: "zoo/checkpoint/ckpt-0"
      fine_tune_checkpoint_version: V2
    }

## Use instead

    train_config {
      fine_tune_checkpoint: "zoo/checkpoint/ckpt-0"
      fine_tune_checkpoint_type: "detection"
      fine_tune_checkpoint_version: V2
    }

## Fix safety

Safe where the checkpoint is there and is a classifier. Unsafe otherwise: it may be one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._restore import plan_of, type_fix
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG421",
    name="unset-restore-type",
    severity="warning",
    summary="Finds a start checkpoint in TF2 without a restore type, which then means 'classification'",
    on=("TrainConfig.fine_tune_checkpoint",),
    generations=("tf2",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look for the two fields; the deprecated one has a rule of its own.

    A checkpoint that is there tells what is meant: where it is a classifier, the type is only written out.
    """
    entry = config.entry("fine_tune_checkpoint")
    if entry is None or not entry.value or config.text("fine_tune_checkpoint_type"):
        return
    if config.has("from_detection_checkpoint"):
        return
    plan = plan_of(context, config)
    message = "'fine_tune_checkpoint_type' is not set and means 'classification'"
    if plan is not None and plan.verdict.severity == "ok":
        fix = type_fix(context, config, "classification", "safe")
        yield RULE.finding(entry, f"{message}, as this checkpoint is; write it", fix=fix, severity="info")
        return
    yield RULE.finding(
        entry, f"{message}; from a detector, write 'detection'", fix=type_fix(context, config, "detection")
    )
