"""Multiclass scores that are trained on and not read.

## Why it is bad

The input pipeline stops with a KeyError for the scores, which only `load_multiclass_scores` makes the
reader decode.

## Example

    train_config {
      use_multiclass_scores: true
    }
    train_input_reader {
      shuffle: true
    }

## Use instead

    train_config {
      use_multiclass_scores: true
    }
    train_input_reader {
      load_multiclass_scores: true
    }

## Fix safety

Safe: without it, the config cannot train at all.
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
    code="CFG523",
    name="multiclass-scores-not-loaded",
    severity="error",
    summary="Finds a training on multiclass scores with a reader that does not load them",
    on=("TrainConfig.use_multiclass_scores",),
    fix="safe",
    when={"equals": [True]},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at the training reader, if there is one."""
    entry = config.entry("use_multiclass_scores")
    reader = config.root.message("train_input_reader")
    if entry is None or not entry.value or reader.block is None or reader.flag("load_multiclass_scores"):
        return
    line = "load_multiclass_scores: true"
    old = reader.entry("load_multiclass_scores")
    fix = context.insert_fix(reader, line, "safe")
    if old is not None:
        fix = context.fix("write true", "safe", [context.replace(old, "true")])
    yield RULE.finding(entry, f"'use_multiclass_scores' needs '{line}' in 'train_input_reader'", fix=fix)
