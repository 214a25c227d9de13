"""A learning rate that was made for a larger batch.

## Why it is bad

The published configs were trained on TPU pods with batches of 64 to 512. Their rate is about 0.000625 per
image of the batch; with the batch of a single GPU and the rate of the pod the loss becomes NaN within a few
steps. A rate above four times the usual one is a warning, above ten times an error; clipped gradients
survive more, so that gradient_clipping_by_norm takes one degree off. Batches above 512 are not judged.

## Example

    train_config {
      optimizer {
        momentum_optimizer {
          learning_rate {
            cosine_decay_learning_rate {
              learning_rate_base: 0.08
              total_steps: 50000
              warmup_learning_rate: 0.002
              warmup_steps: 1000
            }
          }
        }
      }
      batch_size: 8
    }

## Use instead

    train_config {
      optimizer {
        momentum_optimizer {
          learning_rate {
            cosine_decay_learning_rate {
              learning_rate_base: 0.005
              total_steps: 50000
              warmup_learning_rate: 0.002
              warmup_steps: 1000
            }
          }
        }
      }
      batch_size: 8
    }

## Fix safety

Unsafe: it changes the training. The rates scale with the batch size; a warm-up rate above them becomes a third.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._optimizer import schedule_of, train_config_of
from cfgtool.lint.checks._rates import highest_rate, lower_rates, severity_of
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG614",
    name="learning-rate-above-batch",
    severity="warning",
    summary="Finds a learning rate of momentum that is far too high for the batch size",
    on=("MomentumOptimizer",),
    fix="unsafe",
)


USUAL = 0.000625
"""Rate per image of the batch in the published configs: 0.04 / 64, 0.08 / 128, 0.01 / 16."""
LARGEST_BATCH = 512
"""Beyond it the published configs do as they like: a batch of 1024 has a rate of 4."""


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Judge the highest rate of the schedule per image of the batch."""
    train = train_config_of(config)
    batch, found = train.integer("batch_size"), schedule_of(config)
    if found is None or not 0 < batch <= LARGEST_BATCH:
        return
    schedule, field = found
    rate, name, place = highest_rate(schedule, field)
    times = rate / batch / USUAL
    severity = severity_of(times, train)
    if severity is None:
        return
    usual = USUAL * batch
    shown = "" if train.has("batch_size") else " (the default)"
    message = (
        f"'{name}' of {rate:.6g} for a batch of {batch}{shown} is {rate / batch:.3g} per image, {times:.3g} times the "
        f"{USUAL:.6f} of the published configs; write about {usual:.4g}"
    )
    fix = lower_rates(context, schedule, field, usual)
    yield RULE.finding(place, message, severity=severity, fix=fix)
