"""A cosine schedule that would warm down.

## Why it is bad

Training stops at the first step with "learning_rate_base must be larger or equal to warmup_learning_rate".
It happens when the base rate is lowered for a small batch and the warm-up rate of the sample stays.

## Example

    train_config {
      optimizer {
        momentum_optimizer {
          learning_rate {
            cosine_decay_learning_rate {
              learning_rate_base: 0.004
              total_steps: 50000
              warmup_learning_rate: 0.026666
              warmup_steps: 1000
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
              learning_rate_base: 0.004
              total_steps: 50000
              warmup_learning_rate: 0.001333
              warmup_steps: 1000
            }
          }
        }
      }
    }

## Fix safety

Unsafe: a third of the base rate is what most published configs start with, not the only choice.
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
    code="CFG612",
    name="cosine-base-below-warmup",
    severity="error",
    summary="Finds a cosine schedule whose base rate is below the rate that its warm-up starts with",
    on=("CosineDecayLearningRate",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the two rates, defaults included; without warm-up the second is not read."""
    base, warmup = config.number("learning_rate_base"), config.number("warmup_learning_rate")
    if config.integer("warmup_steps") <= 0 or base >= warmup:
        return
    lower = f"{base / 3:.4g}"
    entry = config.entry("warmup_learning_rate")
    message = f"'learning_rate_base' of {base:.6g} is below 'warmup_learning_rate' of {warmup:.6g}"
    if entry is None:
        message += " (the default)"
        fix = context.insert_fix(config, f"warmup_learning_rate: {lower}", "unsafe")
    else:
        fix = context.fix(f"write {lower}", "unsafe", [context.replace(entry, lower)])
    place = entry or config.entry("learning_rate_base") or config
    yield RULE.finding(place, f"{message}; a third of the base rate is usual", fix=fix)
