"""A start checkpoint that is a file of another kind.

## Why it is bad

Only the prefix of a checkpoint can be restored from. A SavedModel, a frozen graph, the weights of another
framework or the archive that a checkpoint came in are found after the model is built: "failed to find any
matching files".

## Example

    train_config {
      fine_tune_checkpoint: "zoo/frozen_inference_graph.pb"
      fine_tune_checkpoint_type: "detection"
      fine_tune_checkpoint_version: V2
    }

## Use instead

    train_config {
      fine_tune_checkpoint: "zoo/checkpoint/ckpt-0"
      fine_tune_checkpoint_type: "detection"
      fine_tune_checkpoint_version: V2
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.checkpoints.locate import NO_CHECKPOINT
from cfgtool.lint.checks._paths import worth_reporting
from cfgtool.lint.checks._restore import start_of
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG429",
    name="foreign-weights",
    severity="error",
    summary="Finds a start checkpoint that is a graph, an archive or a file of another framework",
    on=("TrainConfig.fine_tune_checkpoint",),
    when={"contains": list(NO_CHECKPOINT)},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at the end of the name; of a path on this machine, another rule says what lies near."""
    start = start_of(context, config)
    if start is None or not start[1].endswith(NO_CHECKPOINT) or worth_reporting(context, start[1]):
        return
    message = f"'{start[1]}' is no checkpoint by its name; write the prefix of one, such as 'model.ckpt' or 'ckpt-0'"
    yield RULE.finding(start[0], message)
