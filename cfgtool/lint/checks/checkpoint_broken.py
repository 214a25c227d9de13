"""A start checkpoint that is not whole.

## Why it is bad

Downloads break off, Git LFS leaves pointers, and copies forget the large file. The index is checked byte
for byte; that all data files are there is checked by their names.

## Example

    train_config {
      fine_tune_checkpoint: "fixtures/lint/detector/ckpt-1"
    }

## Use instead

    train_config {
      fine_tune_checkpoint: "fixtures/checkpoints/tf2/ckpt-1"
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
    code="CFG413",
    name="broken-checkpoint",
    severity="error",
    summary="Finds a start checkpoint whose index cannot be read, or whose values are missing",
    on=("TrainConfig.fine_tune_checkpoint",),
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Read the index if it is there, and look for the data files that it promises."""
    start = start_of(context, config)
    if start is None or context.locate(start[1], ".index") is None:
        return
    from cfgtool.errors import UserError
    from cfgtool.lint.filecache import kept_checkpoint

    entry, name = start
    try:
        checkpoint = kept_checkpoint(context.locate(name, ".index") or name)
    except UserError as error:
        hint = f"; {error.hint}" if error.hint else ""
        yield RULE.finding(entry, f"start checkpoint '{name}' cannot be read: {error.message}{hint}")
        return
    if not checkpoint.has_data:
        yield RULE.finding(entry, f"start checkpoint '{name}' has an index but not all of its data files")
