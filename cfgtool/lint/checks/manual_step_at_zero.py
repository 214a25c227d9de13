"""A manual schedule whose first step is 0.

## Why it is bad

Training stops with "first step cannot be zero", although the documentation's own sample begins so. The rate
before the first step is `initial_learning_rate`; an entry at step 0 leaves it no time.

## Example

    train_config {
      optimizer {
        momentum_optimizer {
          learning_rate {
            manual_step_learning_rate {
              initial_learning_rate: 0.003
              schedule {
                step: 0
                learning_rate: 0.002
              }
              schedule {
                step: 9000
                learning_rate: 0.0002
              }
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
              initial_learning_rate: 0.002
              schedule {
                step: 9000
                learning_rate: 0.0002
              }
            }
          }
        }
      }
    }

## Fix safety

Safe: the rate of the entry becomes the initial one, which is what an entry at step 0 says. Offered only if
other entries remain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding, Fix
    from cfgtool.schema import Config, Entry

RULE = Rule(
    code="CFG611",
    name="manual-step-at-zero",
    severity="error",
    summary="Finds a manual schedule that changes the rate at step 0",
    on=("ManualStepLearningRate.schedule",),
    fix="safe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at the first entry of the schedule."""
    entries = config.entries("schedule")
    first: Config | None = entries[0].value
    if first is None or first.integer("step") != 0:
        return
    message = (
        "first step of the schedule is '0', which is refused; the rate of step 0 is 'initial_learning_rate'"
    )
    fix = _fix(context, config, entries[0], first) if len(entries) > 1 else None
    yield RULE.finding(first.entry("step") or entries[0], message, fix=fix)


def _fix(context: Context, config: Config, entry: Entry, first: Config) -> Fix | None:
    """Make the entry's rate the initial one and delete the entry."""
    rate, initial = first.entry("learning_rate"), config.entry("initial_learning_rate")
    if rate is None:
        return None
    title, text = "make its rate the initial one", context.source(rate)
    if initial is None:
        return context.fix(title, "safe", [context.rewrite(entry, f"initial_learning_rate: {text}")])
    return context.fix(title, "safe", [context.replace(initial, text), context.delete(entry)])
