"""A cosine schedule without a cosine.

## Why it is bad

Where warm-up and hold fill the schedule, the rate stays at its base until total_steps and is 0 from then
on. Where the warm-up alone fills it to the step, the rate of that step is NaN.

## Example

    train_config {
      optimizer {
        momentum_optimizer {
          learning_rate {
            cosine_decay_learning_rate {
              learning_rate_base: 0.01
              total_steps: 10000
              warmup_steps: 1000
              hold_base_rate_steps: 9000
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
            cosine_decay_learning_rate {
              learning_rate_base: 0.01
              total_steps: 10000
              warmup_steps: 1000
              hold_base_rate_steps: 2000
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
    code="CFG622",
    name="cosine-without-decay",
    severity="warning",
    summary="Finds a cosine schedule whose warm-up and hold leave no steps to decay in",
    on=("CosineDecayLearningRate",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Add up warm-up and hold; a warm-up beyond the schedule is another rule's."""
    total, warmup = config.integer("total_steps"), config.integer("warmup_steps")
    hold = config.integer("hold_base_rate_steps")
    if warmup > total or warmup + hold < total:
        return
    if hold == 0:
        entry = config.entry("warmup_steps") or config.entry("total_steps")
        message = f"'warmup_steps' equals 'total_steps' of {total}: the rate of step {total} is NaN"
    else:
        entry = config.entry("hold_base_rate_steps")
        message = (
            f"'warmup_steps' of {warmup} and 'hold_base_rate_steps' of {hold} leave nothing of "
            f"'total_steps' of {total}"
        )
    yield RULE.finding(entry or config, message)
