"""The switch that `fine_tune_checkpoint_type` replaced in 2018.

## Why it is bad

`from_detection_checkpoint` is looked at only where `fine_tune_checkpoint_type` is empty: with both, it is
ignored without a word, and people who turn it on wonder why nothing changes.

## Example

    train_config {
      fine_tune_checkpoint: "zoo/checkpoint/ckpt-0"
      from_detection_checkpoint: true
    }

## Use instead

    train_config {
      fine_tune_checkpoint: "zoo/checkpoint/ckpt-0"
      fine_tune_checkpoint_type: "detection"
    }

## Fix safety

Safe: what the flag means is written as a type where it counts, and it goes where it does not. Together with
load_all_detection_checkpoint_vars there is no fix here; `cfgtool migrate` knows these cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule
from cfgtool.schema.unwritten import restore_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG110",
    name="legacy-restore-flag",
    severity="warning",
    summary="Finds 'from_detection_checkpoint', which 'fine_tune_checkpoint_type' replaced",
    on=("TrainConfig.from_detection_checkpoint",),
    fix="safe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Say what the flag does beside the other fields of the start checkpoint, and rewrite it."""
    entry = config.entry("from_detection_checkpoint")
    if entry is None:
        return
    name = entry.type.name
    named, meant = config.text("fine_tune_checkpoint_type"), restore_type(config)
    fix = context.fix(f"remove '{name}'", "safe", [context.delete(entry)])
    if named:
        message = f"'{name}' is ignored beside 'fine_tune_checkpoint_type: \"{named}\"'"
    elif not config.text("fine_tune_checkpoint"):
        message = f"'{name}' is deprecated, and means nothing without 'fine_tune_checkpoint'"
    else:
        written = f'fine_tune_checkpoint_type: "{meant}"'
        message = f"'{name}' is deprecated; write '{written}'"
        fix = None
        if not config.has("fine_tune_checkpoint_type"):
            fix = context.fix(f"write the type '{meant}'", "safe", [context.rewrite(entry, written)])
    if config.flag("load_all_detection_checkpoint_vars"):
        fix = None
    contradicts = bool(named) and (named == "classification") == entry.value
    yield RULE.finding(entry, message, fix=fix, severity="warning" if contradicts else "info")
