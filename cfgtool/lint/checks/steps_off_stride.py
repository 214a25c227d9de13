"""Steps that the TF2 loop does not stop at.

## Why it is bad

The TF2 loop of the OD API does 100 steps at a time and looks at num_steps between them. It trains on to the
next multiple of 100; the evaluator waits for exactly num_steps and so until its timeout of an hour.
`cfgtool train` does the number that is written.

## Example

    train_config {
      num_steps: 25950
    }

## Use instead

    train_config {
      num_steps: 26000
    }

## Fix safety

Unsafe: another trainer than that of the OD API does more steps then, and schedules may be meant for the old
number.
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
    code="CFG626",
    name="steps-off-stride",
    severity="warning",
    summary="Finds a number of steps that the TF2 loop of the OD API runs past",
    on=("TrainConfig.num_steps",),
    generations=("tf2",),
    fix="unsafe",
    when={"no_multiple_of": 100},
)

STRIDE = 100
"""Steps in one call of the training function, which no flag changes."""


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Round up, as the loop does."""
    entry, steps = config.entry("num_steps"), config.integer("num_steps")
    if entry is None or steps <= 0 or steps % STRIDE == 0:
        return
    end = steps + -steps % STRIDE
    message = (
        f"'num_steps' of {steps} is no multiple of {STRIDE}: the OD API trains on to step {end}, and its evaluator "
        f"waits for step {steps} until it times out; write {end}"
    )
    yield RULE.finding(
        entry, message, fix=context.fix(f"write {end}", "unsafe", [context.replace(entry, str(end))])
    )
