"""A cosine schedule whose warm-up is longer than the whole schedule.

## Why it is bad

The schedule is built while the first step is traced: training stops there with "total_steps must be larger
or equal to warmup_steps", minutes after the start. It happens when total_steps is lowered for a small
dataset and the warm-up of the sample stays.

## Example

    train_config {
      optimizer {
        momentum_optimizer {
          learning_rate {
            cosine_decay_learning_rate {
              learning_rate_base: 0.01
              total_steps: 1000
              warmup_steps: 2000
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
              total_steps: 1000
              warmup_steps: 100
            }
          }
        }
      }
    }

## Fix safety

Unsafe: a tenth of the schedule is a common warm-up, not the only one.
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
    code="CFG610",
    name="cosine-total-below-warmup",
    severity="error",
    summary="Finds a cosine schedule that ends before its warm-up does",
    on=("CosineDecayLearningRate",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare `total_steps` and `warmup_steps`, defaults included."""
    total, warmup = config.integer("total_steps"), config.integer("warmup_steps")
    if total >= warmup:
        return
    entry = config.entry("warmup_steps")
    message = f"'total_steps' of {total} is below 'warmup_steps' of {warmup}" + (
        "" if entry else " (the default)"
    )
    shorter = str(total // 10)
    if entry is None:
        fix = context.insert_fix(config, f"warmup_steps: {shorter}", "unsafe")
    else:
        fix = context.fix(f"write {shorter}", "unsafe", [context.replace(entry, shorter)])
    yield RULE.finding(entry or config.entry("total_steps") or config, message, fix=fix)
