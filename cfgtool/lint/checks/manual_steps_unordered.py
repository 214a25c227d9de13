"""A manual schedule whose steps do not rise, or that has none.

## Why it is bad

Training stops when the schedule is built: its steps have to rise from entry to entry, and there has to be
one.

## Example

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
                step: 60000
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
                step: 60000
                learning_rate: 0.0003
              }
              schedule {
                step: 90000
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

from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG617",
    name="manual-steps-unordered",
    severity="error",
    summary="Finds a manual schedule whose steps do not rise, or that has none",
    on=("ManualStepLearningRate",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Compare each step with the one before."""
    if not config.has("schedule"):
        message = (
            "'manual_step_learning_rate' has no 'schedule', which is refused; one rate is a "
            "'constant_learning_rate'"
        )
        yield RULE.finding(config, message)
    last = None
    for part in config.messages("schedule"):
        step = part.integer("step")
        if last is not None and step <= last:
            yield RULE.finding(part.entry("step") or part, f"step '{step}' does not come after step '{last}'")
        last = step
