"""A file of a checkpoint where its prefix belongs.

## Why it is bad

A checkpoint is several files, and is named by what their names have in common: "ckpt-0" for "ckpt-0.index"
and "ckpt-0.data-00000-of-00001". With the name of one file the OD API stops: it takes it for a checkpoint
in the oldest format.

## Example

    train_config {
      fine_tune_checkpoint: "zoo/checkpoint/ckpt-0.index"
    }

## Use instead

    train_config {
      fine_tune_checkpoint: "zoo/checkpoint/ckpt-0"
    }

## Fix safety

Safe: it is the same checkpoint.
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
    code="CFG410",
    name="checkpoint-file-as-prefix",
    severity="error",
    summary="Finds a file of a checkpoint where its prefix belongs",
    on=("TrainConfig.fine_tune_checkpoint",),
    fix="safe",
    when={"contains": [".index", ".meta", ".data-"]},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at the end of the name."""
    entry, name = config.entry("fine_tune_checkpoint"), config.text("fine_tune_checkpoint")
    bare = _bare(name)
    if entry is None or bare == name:
        return
    source = context.source(entry)
    ending = name[len(bare) :]
    fix = None
    if source[1:-1].endswith(ending) and source.count(source[:1]) == 2:
        shorter = source[: -1 - len(ending)] + source[-1:]
        fix = context.fix(f"remove '{ending}'", "safe", [context.replace(entry, shorter)])
    yield RULE.finding(entry, f"'{name}' is a file of the checkpoint; its prefix is '{bare}'", fix=fix)


def _bare(name: str) -> str:
    """`name` without the ending of a checkpoint's file."""
    for ending in (".index", ".meta"):
        if name.endswith(ending):
            return name[: -len(ending)]
    head, mark, tail = name.rpartition(".data-")
    return head if mark and tail.replace("-of-", "").isdecimal() else name
