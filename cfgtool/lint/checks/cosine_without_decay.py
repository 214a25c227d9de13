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

## Fix safety

Unsafe: a tenth of the steps to warm up, and no hold, is what is usual and may not be what was meant.
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
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Add up warm-up and hold; a warm-up beyond the schedule is another rule's."""
    total, warmup = config.integer("total_steps"), config.integer("warmup_steps")
    hold = config.integer("hold_base_rate_steps")
    if warmup > total or warmup + hold < total:
        return
    if hold == 0:
        field, shorter = "warmup_steps", total // 10
        message = f"'warmup_steps' equals 'total_steps' of {total}: the rate of step {total} is NaN"
    else:
        field, shorter = "hold_base_rate_steps", 0
        message = (
            f"'warmup_steps' of {warmup} and 'hold_base_rate_steps' of {hold} leave nothing of "
            f"'total_steps' of {total}"
        )
    entry, fix = config.entry(field), None
    if entry is not None and warmup + hold != shorter and shorter + (warmup if hold else 0) < total:
        fix = context.fix(f"write {shorter}", "unsafe", [context.replace(entry, str(shorter))])
    yield RULE.finding(
        entry or config.entry("total_steps") or config, f"{message}; shorten '{field}'", fix=fix
    )
