"""An evaluation of averaged weights in TF2.

## Why it is bad

Without averaging in the optimizer evaluation fails with "no attribute shadow_copy"; with it, weights cannot
be swapped outside a strategy. `cfgtool evaluate` can do it, where the optimizer averages.

## Example

    eval_config {
      use_moving_averages: true
    }

## Use instead

    eval_config {
      use_moving_averages: false
    }

## Fix safety

Safe where the optimizer keeps no averages. Unsafe where it does: the raw weights are evaluated instead.
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
    code="CFG223",
    name="averaged-weights-in-tf2",
    severity="error",
    summary="Finds evaluation of averaged weights, which the TF2 evaluator cannot do",
    on=("EvalConfig.use_moving_averages",),
    generations=("tf2",),
    fix="unsafe",
    when={"equals": [True]},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look whether there are averages at all: without them nothing is lost."""
    entry, optimizer = config.entry("use_moving_averages"), config.root.find("train_config.optimizer")
    if entry is None or not entry.value:
        return
    kept = optimizer.flag("use_moving_average")
    fix = context.fix("write false", "unsafe" if kept else "safe", [context.replace(entry, "false")])
    message = (
        "'use_moving_averages: true' stops the TF2 evaluator of the OD API, whatever the optimizer averages"
    )
    yield RULE.finding(entry, f"{message}; write false", fix=fix)
