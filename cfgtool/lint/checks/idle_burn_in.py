"""A burn-in rate without burn-in.

## Why it is bad

The rate of the burn-in counts for the first burnin_steps. Their number is 0 unless it is written, and so
the rate is never used.

## Example

    train_config {
      optimizer {
        momentum_optimizer {
          learning_rate {
            exponential_decay_learning_rate {
              initial_learning_rate: 0.01
              burnin_learning_rate: 0.001
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
              burnin_learning_rate: 0.001
              burnin_steps: 1000
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
    code="CFG606",
    name="idle-burn-in",
    severity="warning",
    summary="Finds a rate for a burn-in of no steps",
    on=("ExponentialDecayLearningRate.burnin_learning_rate",),
    when={"above": 0},
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Look for the steps of the burn-in."""
    entry = config.entry("burnin_learning_rate")
    if entry is not None and config.integer("burnin_steps") == 0:
        message = f"'burnin_learning_rate' of {config.number('burnin_learning_rate'):.6g} is for no steps"
        yield RULE.finding(entry, f"{message}; write 'burnin_steps'")
