"""Steps whose weights the OD API does not save.

## Why it is bad

The TF2 trainer of the OD API saves every 1000 steps (`--checkpoint_every_n`) and not at the end. With fewer
steps, the only checkpoint holds the weights of the start; the rest of a division by 1000 is lost. `cfgtool
train` saves the last step too.

## Example

    train_config {
      num_steps: 800
    }

## Use instead

    train_config {
      num_steps: 2000
    }
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
    code="CFG623",
    name="unsaved-last-steps",
    severity="warning",
    summary="Finds a number of steps that the OD API does not save the last weights of",
    on=("TrainConfig.num_steps",),
    generations=("tf2",),
    when={"no_multiple_of": 1000},
)


EVERY = 1000
"""The default of `--checkpoint_every_n`."""


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Divide `num_steps` by the interval."""
    steps, entry = config.integer("num_steps"), config.entry("num_steps")
    rest = steps % EVERY
    if entry is None or steps <= 0 or rest == 0:
        return
    if steps < EVERY:
        message = (
            f"'num_steps' of {steps} is below {EVERY}: the OD API saves every {EVERY} steps only, and so "
            "never what it trained"
        )
        yield RULE.finding(entry, message)
    else:
        message = (
            f"'num_steps' of {steps} is no multiple of {EVERY}: the OD API does not save the last {rest}"
        )
        yield RULE.finding(entry, message, severity="info")
