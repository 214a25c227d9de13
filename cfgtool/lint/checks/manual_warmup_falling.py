"""A warm-up that goes down.

## Why it is bad

The warm-up of a manual schedule is a straight line from the initial rate to the rate of its first entry.
Where the first entry lowers the rate, nothing is warmed up: the rate falls from the first step on, instead
of staying until that entry.

## Example

    train_config {
      optimizer {
        momentum_optimizer {
          learning_rate {
            manual_step_learning_rate {
              initial_learning_rate: 0.04
              schedule {
                step: 5000
                learning_rate: 0.004
              }
              warmup: true
            }
          }
        }
      }
    }

## Use instead

    train_config {
      optimizer {
        momentum_optimizer {
          learning_rate {
            manual_step_learning_rate {
              initial_learning_rate: 0.004
              schedule {
                step: 500
                learning_rate: 0.04
              }
              schedule {
                step: 5000
                learning_rate: 0.004
              }
              warmup: true
            }
          }
        }
      }
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
    code="CFG605",
    name="falling-warmup",
    severity="warning",
    summary="Finds the warm-up of a manual schedule that lowers the learning rate",
    on=("ManualStepLearningRate.warmup",),
    when={"equals": [True]},
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Compare the initial rate with that of the first entry."""
    entry, parts = config.entry("warmup"), config.messages("schedule")
    first = parts[0] if parts else None
    if entry is None or not entry.value or first is None:
        return
    start, end = config.number("initial_learning_rate"), first.number("learning_rate")
    if end < start:
        message = (
            f"'warmup: true' goes down from {start:.6g} to {end:.6g} over the first {first.integer('step')} steps; "
            "begin low, and let the first entry of 'schedule' be the full rate"
        )
        yield RULE.finding(entry, message)
