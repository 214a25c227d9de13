"""A learning rate of another optimizer.

## Why it is bad

Adam divides each step by the size of the gradients: its rates are some 0.001 whatever the batch. The rates
of momentum, which published configs have more often, make it jump about until the loss is NaN. A rate above
four times the usual one is a warning, above ten times an error; gradient_clipping_by_norm takes one degree
off.

## Example

    train_config {
      optimizer {
        adam_optimizer {
          learning_rate {
            cosine_decay_learning_rate {
              learning_rate_base: 0.08
              total_steps: 50000
              warmup_learning_rate: 0.0002
              warmup_steps: 1000
            }
          }
        }
      }
    }

## Use instead

    train_config {
      optimizer {
        adam_optimizer {
          learning_rate {
            cosine_decay_learning_rate {
              learning_rate_base: 0.001
              total_steps: 50000
              warmup_learning_rate: 0.0002
              warmup_steps: 1000
            }
          }
        }
      }
    }

## Fix safety

Unsafe: it changes the training. All rates of the schedule are scaled alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._optimizer import schedule_of, train_config_of
from cfgtool.lint.checks._rates import highest_rate, lower_rates, severity_of
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG608",
    name="learning-rate-above-adam",
    severity="warning",
    summary="Finds a learning rate of Adam that is far above what Adam takes",
    on=("AdamOptimizer",),
    fix="unsafe",
)

USUAL = 0.001
"""The rate of Adam in the published configs."""


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Judge the highest rate of the schedule by itself."""
    found = schedule_of(config)
    if found is None:
        return
    schedule, field = found
    rate, name, place = highest_rate(schedule, field)
    severity = severity_of(rate / USUAL, train_config_of(config))
    if severity is None:
        return
    message = (
        f"'{name}' of {rate:.6g} is {rate / USUAL:.3g} times the {USUAL} that is usual for Adam, "
        f"whatever the batch size; write about {USUAL}"
    )
    fix = lower_rates(context, schedule, field, USUAL)
    yield RULE.finding(place, message, severity=severity, fix=fix)
