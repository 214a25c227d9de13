"""A start checkpoint from the folder of a training run.

## Why it is bad

`fine_tune_checkpoint` gives the weights and nothing else: the step starts at 0, the warm-up runs again, the
optimizer forgets. To resume a run, it is enough to start it again with the same model folder, which takes
precedence.

## Example

    train_config {
      fine_tune_checkpoint: "fixtures/lint/run/ckpt-1"
    }

## Use instead

    train_config {
      fine_tune_checkpoint: "fixtures/lint/detector/ckpt-1"
    }
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfgtool.lint.checks._restore import start_of
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG425",
    name="start-from-training-folder",
    severity="info",
    summary="Finds a start checkpoint in the folder of a training run",
    on=("TrainConfig.fine_tune_checkpoint",),
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look for event files beside the checkpoint, and one folder below, where TF2 writes them."""
    start = start_of(context, config)
    path = context.locate(start[1], ".index") if start is not None else None
    if start is None or path is None or not path.rpartition("-")[2].isdecimal():
        return
    folder = os.path.dirname(path)
    if not any(_has_events(os.path.join(folder, sub)) for sub in ("", "train")):
        return
    message = (
        f"'{start[1]}' is from a training run: its weights are taken, its step is not; the same model "
        "folder resumes it"
    )
    yield RULE.finding(start[0], message)


def _has_events(folder: str) -> bool:
    try:
        return any(name.startswith("events.out.tfevents") for name in os.listdir(folder or "."))
    except OSError:
        return False
