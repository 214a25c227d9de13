"""A floor above the learning rate.

## Why it is bad

min_learning_rate is applied to every step, the burn-in included: a rate below it is raised to it. Where it
is above the initial rate, the schedule is a constant.

## Example

    train_config {
      optimizer {
        momentum_optimizer {
          learning_rate {
            exponential_decay_learning_rate {
              initial_learning_rate: 0.001
              min_learning_rate: 0.01
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
            exponential_decay_learning_rate {
              initial_learning_rate: 0.01
              min_learning_rate: 0.001
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
    code="CFG607",
    name="rate-below-floor",
    severity="warning",
    summary="Finds a schedule whose lowest allowed rate is above a rate that it is to have",
    on=("ExponentialDecayLearningRate.min_learning_rate",),
    when={"above": 0},
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Compare the floor with the rates that are written; a burn-in of 0 takes the initial rate."""
    entry, floor = config.entry("min_learning_rate"), config.number("min_learning_rate")
    rates = {"initial_learning_rate": config.number("initial_learning_rate")}
    if config.integer("burnin_steps") > 0 and config.number("burnin_learning_rate") > 0:
        rates["burnin_learning_rate"] = config.number("burnin_learning_rate")
    name, rate = min(rates.items(), key=lambda item: item[1])
    if entry is not None and rate < floor:
        yield RULE.finding(
            entry, f"'min_learning_rate' of {floor:.6g} replaces '{name}' of {rate:.6g}; write a lower one"
        )
