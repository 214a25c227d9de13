"""A folder, or a name without its step, instead of the prefix of a checkpoint.

## Why it is bad

The OD API takes the prefix as it is written: no state file of a folder is read, and "model.ckpt" is not
"model.ckpt-5". cfgtool understands both, and says which checkpoint it takes.

## Example

    train_config {
      fine_tune_checkpoint: "fixtures/lint/detector"
    }

## Use instead

    train_config {
      fine_tune_checkpoint: "fixtures/lint/detector/ckpt-1"
    }

## Fix safety

Safe: it is the checkpoint that is meant, as far as there is only one, or the state file names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.files import is_file
from cfgtool.lint.checks._restore import as_written, resolve, start_of
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG412",
    name="indirect-checkpoint-path",
    severity="error",
    summary="Finds a folder, or a name without its step, where the prefix of a checkpoint belongs",
    on=("TrainConfig.fine_tune_checkpoint",),
    fix="safe",
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Resolve the name; the name of a file of the checkpoint is another rule's."""
    start = start_of(context, config)
    if start is None or start[1].endswith((".index", ".meta")) or ".data-" in start[1]:
        return
    entry, name = start
    found = resolve(context, name)
    if not isinstance(found, tuple) or found.error is None:
        return
    prefix = as_written(context, name, found.prefix)
    fix = context.fix(f"write '{prefix}'", "safe", [context.replace(entry, f'"{prefix}"')])
    what = "a folder, which the OD API does not look into"
    if is_file(context.locate(name) or ""):
        what = "a state file, which the OD API takes for a checkpoint"
    if context.locate(name) is None:
        what = "no checkpoint without its step, which the OD API does not guess"
    yield RULE.finding(entry, f"'{name}' is {what}; write '{prefix}'", fix=fix)
