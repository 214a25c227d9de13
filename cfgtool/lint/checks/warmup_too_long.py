"""A warm-up that takes most of the training.

## Why it is bad

The rate only climbs, and training ends where it is highest. It happens when num_steps is cut for a small
dataset and the warm-up of the sample stays.

## Example

    train_config {
      optimizer {
        momentum_optimizer {
          learning_rate {
            cosine_decay_learning_rate {
              learning_rate_base: 0.01
              total_steps: 2500
              warmup_steps: 2000
            }
          }
        }
      }
      num_steps: 2500
    }

## Use instead

    train_config {
      optimizer {
        momentum_optimizer {
          learning_rate {
            cosine_decay_learning_rate {
              learning_rate_base: 0.01
              total_steps: 2500
              warmup_steps: 200
            }
          }
        }
      }
      num_steps: 2500
    }

## Fix safety

Unsafe: a tenth of the training is a common warm-up, not the only one.
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
    code="CFG615",
    name="warmup-too-long",
    severity="warning",
    summary="Finds a warm-up that takes half of the training or more",
    on=("CosineDecayLearningRate.warmup_steps",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare with `num_steps`; a warm-up that outlasts its own schedule is another rule's."""
    steps, warmup = steps_of(config), config.integer("warmup_steps")
    entry = config.entry("warmup_steps")
    if entry is None or steps <= 0 or 2 * warmup < steps or config.integer("total_steps") < warmup:
        return
    shorter = str(max(1, steps // 10))
    message = (
        f"'warmup_steps' of {warmup} takes {min(100, 100 * warmup // steps)} % of 'num_steps' of {steps}; 5 "
        "to 10 % are usual"
    )
    fix = context.fix(f"write {shorter}", "unsafe", [context.replace(entry, shorter)])
    yield RULE.finding(entry, message, fix=fix)
