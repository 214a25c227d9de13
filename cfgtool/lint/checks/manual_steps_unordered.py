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

## Fix safety

Unsafe: it may be a step that is wrong and not the order. Equal steps are left to you.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding, Fix
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG617",
    name="manual-steps-unordered",
    severity="error",
    summary="Finds a manual schedule whose steps do not rise, or that has none",
    on=("ManualStepLearningRate",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare each step with the one before."""
    if not config.has("schedule"):
        message = (
            "'manual_step_learning_rate' has no 'schedule', which is refused; one rate is a "
            "'constant_learning_rate'"
        )
        yield RULE.finding(config, message, fix=_constant(context, config))
    last, fix = None, _sorted(context, config)
    for part in config.messages("schedule"):
        step = part.integer("step")
        if last is not None and step <= last:
            message = f"step '{step}' does not come after step '{last}'; write them in rising order"
            yield RULE.finding(part.entry("step") or part, message, fix=fix)
        last = step


def _constant(context: Context, config: Config) -> Fix | None:
    """A schedule of the initial rate alone."""
    holder = config.parent
    entry = holder.entry("manual_step_learning_rate") if holder is not None else None
    if entry is None:
        return None
    rate = config.entry("initial_learning_rate")
    shown = context.source(rate) if rate is not None else "0.002"
    text = f"constant_learning_rate {{ learning_rate: {shown} }}"
    return context.fix("write a constant rate", "unsafe", [context.rewrite(entry, text)])


def _sorted(context: Context, config: Config) -> Fix | None:
    """The entries in the order of their steps; None where two have the same, or that is their order."""
    entries = config.entries("schedule")
    if any(entry.value is None or entry.node is not entry.field.value for entry in entries):
        return None
    steps = [entry.value.integer("step") for entry in entries]
    order = sorted(range(len(steps)), key=lambda index: steps[index])
    if len(set(steps)) < len(steps) or order == list(range(len(steps))):
        return None
    moved = zip(entries, (context.source(entries[index]) for index in order), strict=True)
    edits = [context.replace(entry, text) for entry, text in moved if context.source(entry) != text]
    return context.fix("sort the entries", "unsafe", [*edits])
