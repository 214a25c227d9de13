"""A published detector restored as a classifier.

## Why it is bad

The folders of the published detectors are named after the data that they were trained on, such as
"_coco17_tpu-8". Configs of the same name say "classification", since they themselves started from a
classifier. Where the checkpoint can be read, its names decide instead of its path.

## Example

    train_config {
      fine_tune_checkpoint: "zoo/ssd_mobilenet_v2_320x320_coco17_tpu-8/checkpoint/ckpt-0"
      fine_tune_checkpoint_type: "classification"
      fine_tune_checkpoint_version: V2
    }

## Use instead

    train_config {
      fine_tune_checkpoint: "zoo/ssd_mobilenet_v2_320x320_coco17_tpu-8/checkpoint/ckpt-0"
      fine_tune_checkpoint_type: "detection"
      fine_tune_checkpoint_version: V2
    }

## Fix safety

Unsafe: a path proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._restore import DETECTOR_MARKS, plan_of, start_of, type_fix, type_place
from cfgtool.lint.rules import Rule
from cfgtool.schema.unwritten import restore_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG422",
    name="classification-of-detector-path",
    severity="warning",
    summary="Finds the restore type 'classification' for a path that looks like a published detector",
    on=("TrainConfig.fine_tune_checkpoint",),
    fix="unsafe",
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look for the marks of a detector in the path."""
    start = start_of(context, config)
    if start is None or not any(mark in start[1] for mark in DETECTOR_MARKS):
        return
    unset = context.generation == "tf2" and not config.text("fine_tune_checkpoint_type")
    if unset or restore_type(config) != "classification" or plan_of(context, config) is not None:
        return
    message = (
        f"'{start[1]}' looks like a detector, which 'classification' does not restore; write 'detection'"
    )
    yield RULE.finding(type_place(config), message, fix=type_fix(context, config, "detection"))
