"""A restore type that TF2 does not know.

## Why it is bad

Training stops with "not supported" after the model is built. "fine_tune" was CenterNet's word for
"detection" until 2020.

## Example

    train_config {
      fine_tune_checkpoint_type: "fine_tune"
    }

## Use instead

    train_config {
      fine_tune_checkpoint_type: "detection"
    }

## Fix safety

Safe for the old word of CenterNet, which training names as "detection" when it stops. Unsafe for other
models: it is a guess what was meant.
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
    code="CFG401",
    name="unknown-restore-type",
    severity="error",
    summary="Finds a restore type that TF2 does not know",
    on=("TrainConfig.fine_tune_checkpoint_type",),
    generations=("tf2",),
    fix="unsafe",
    when={"allowed": ["", "classification", "detection", "full"]},
)

MEANT = {
    "fine_tune": "detection",
    "finetune": "detection",
    "Detection": "detection",
    "Classification": "classification",
    "Full": "full",
}
"""What people write -> what it means."""


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look the type up; that of CenterNet is no guess."""
    entry, kind = config.entry("fine_tune_checkpoint_type"), config.text("fine_tune_checkpoint_type")
    if entry is None or kind in ("", "classification", "detection", "full"):
        return
    meant, fix = MEANT.get(kind), None
    if meant is not None:
        renamed = kind == "fine_tune" and config.root.message("model").which("model") == "center_net"
        quote = context.source(entry)[:1]
        edit = context.replace(entry, f"{quote}{meant}{quote}")
        fix = context.fix(f"write '{meant}'", "safe" if renamed else "unsafe", [edit])
    instead = f"; write '{meant}'" if meant else ""
    message = f"unknown restore type '{kind}'{instead}; types are 'classification', 'detection', 'full'"
    yield RULE.finding(entry, message, fix=fix)
