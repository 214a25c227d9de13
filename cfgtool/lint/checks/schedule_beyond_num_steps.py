"""A schedule whose first change comes after the end of training.

## Why it is bad

The rate stays what it is from the first step to the last. The published samples have it too: 900000 steps
until the first drop, 200000 steps of training.

## Example

    train_config {
      num_steps: 200000
      optimizer {
        momentum_optimizer {
          learning_rate {
            manual_step_learning_rate {
              initial_learning_rate: 0.003
              schedule {
                step: 900000
                learning_rate: 0.0003
              }
              schedule {
                step: 1200000
                learning_rate: 0.00003
              }
            }
          }
        }
      }
    }

## Use instead

    train_config {
      num_steps: 200000
      optimizer {
        momentum_optimizer {
          learning_rate {
            manual_step_learning_rate {
              initial_learning_rate: 0.003
              schedule {
                step: 90000
                learning_rate: 0.0003
              }
              schedule {
                step: 120000
                learning_rate: 0.00003
              }
            }
          }
        }
      }
    }
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
    code="CFG616",
    name="schedule-beyond-num-steps",
    severity="info",
    summary="Finds changes of the learning rate that come after the end of training",
    on=(
        "ManualStepLearningRate.schedule",
        "ExponentialDecayLearningRate",
    ),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Compare the boundaries, or the length of a stair, with `num_steps`."""
    steps = steps_of(config)
    if steps <= 0:
        return
    if config.type.name == "ManualStepLearningRate":
        boundaries = [
            (part.integer("step"), part.entry("step")) for part in config.messages("schedule") if part
        ]
        late = [boundary for boundary in boundaries if boundary[0] >= steps]
        if late:
            step, entry = min(late, key=lambda boundary: boundary[0])
            which = "first change" if len(late) == len(boundaries) else "change"
            message = f"{which} of the rate at step '{step}' comes after 'num_steps' of {steps}"
            yield RULE.finding(entry or config, message)
    elif config.flag("staircase") and config.integer("decay_steps") > steps:
        entry = config.entry("decay_steps")
        length = config.integer("decay_steps")
        message = (
            f"'decay_steps' of {length}{'' if entry else ' (the default)'} is above 'num_steps' of {steps}"
        )
        yield RULE.finding(entry or config, f"{message}: the rate never changes")
