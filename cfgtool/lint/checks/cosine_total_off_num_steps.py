"""A cosine schedule and a training of different lengths.

## Why it is bad

After total_steps the rate is 0: the rest of the training changes nothing. A schedule more than twice as
long as the training never comes down from its high rates, which is where most of the accuracy is won. One that
is somewhat longer, and would end at a tenth of its base rate or more, is a remark.

## Example

    train_config {
      optimizer {
        momentum_optimizer {
          learning_rate {
            cosine_decay_learning_rate {
              learning_rate_base: 0.01
              total_steps: 25000
              warmup_steps: 1000
            }
          }
        }
      }
      num_steps: 100000
    }

## Use instead

    train_config {
      optimizer {
        momentum_optimizer {
          learning_rate {
            cosine_decay_learning_rate {
              learning_rate_base: 0.01
              total_steps: 100000
              warmup_steps: 1000
            }
          }
        }
      }
      num_steps: 100000
    }

## Fix safety

Unsafe: which of the two numbers is meant cannot be known; the fix follows num_steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._optimizer import steps_of
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG613",
    name="cosine-end-off-num-steps",
    severity="warning",
    summary="Finds a cosine schedule that ends long before or after training does",
    on=("CosineDecayLearningRate",),
    fix="unsafe",
)


ENDS = 0.1
"""A schedule that ends at less of its base rate has decayed."""


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare `total_steps` with `num_steps`; a training without end is compared with nothing."""
    steps, total = steps_of(config), config.integer("total_steps")
    if steps <= 0 or total == steps:
        return
    left = _left(config, steps)
    if total > steps and left < ENDS:
        return
    entry = config.entry("total_steps")
    shown = f"'total_steps' of {total}" + ("" if entry else " (the default)")
    severity = None
    if total < steps:
        message = f"ends before 'num_steps' of {steps}: the learning rate is 0 for the last {steps - total}"
    elif total > 2 * steps:
        message = f"is more than twice 'num_steps' of {steps}: the learning rate hardly decays"
    else:
        severity = "info"
        message = f"is above 'num_steps' of {steps}: training ends at {100 * left:.0f} % of the base rate"
    if entry is None:
        fix = context.insert_fix(config, f"total_steps: {steps}", "unsafe")
    else:
        fix = context.fix(f"write {steps}", "unsafe", [context.replace(entry, str(steps))])
    yield RULE.finding(entry or config, f"{shown} {message}", fix=fix, severity=severity)


def _left(config: Config, step: int) -> float:
    """The share of the base rate at `step`, which comes before the end of the schedule."""
    from math import cos, pi

    start = config.integer("warmup_steps") + config.integer("hold_base_rate_steps")
    total = config.integer("total_steps")
    return 1.0 if step <= start or total <= start else (1 + cos(pi * (step - start) / (total - start))) / 2
