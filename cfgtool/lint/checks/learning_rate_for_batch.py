"""A learning rate that was made for a larger batch.

## Why it is bad

The published configs were trained on TPU pods with batches of 64 to 512. Their rate is about 0.000625 per
image of the batch; with the batch of a single GPU and the rate of the pod the loss becomes NaN within a few
steps. A rate above four times the usual one is a warning, above ten times an error; clipped gradients
survive more, so that gradient_clipping_by_norm takes one degree off. Batches above 256 are not judged.

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

Unsafe: it changes the training. The rate scales with the batch size, and a warm-up rate above it follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._optimizer import schedule_of, train_config_of
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding, Fix
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
LARGEST_BATCH = 256


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Judge the highest rate of the schedule per image of the batch."""
    train = train_config_of(config)
    batch, found = train.integer("batch_size"), schedule_of(config)
    if found is None or not 0 < batch <= LARGEST_BATCH:
        return
    schedule, field = found
    base = schedule.number(field)
    times = base / batch / USUAL
    if times <= 4:
        return
    clipped = train.number("gradient_clipping_by_norm") > 0
    severity = ("warning" if clipped else "error") if times > 10 else ("info" if clipped else "warning")
    usual = f"{USUAL * batch:.4g}"
    message = (
        f"'{field}' of {base:.6g} is {times:.0f} times what the published configs use for a batch of {batch};"
        f" write about {usual}"
    )
    fix = _fix(context, schedule, field, usual)
    yield RULE.finding(schedule.entry(field) or schedule, message, severity=severity, fix=fix)


def _fix(context: Context, schedule: Config, field: str, usual: str) -> Fix | None:
    """Write the usual rate, and a warm-up rate below it."""
    entry = schedule.entry(field)
    edits = [context.replace(entry, usual) if entry else context.insert(schedule, f"{field}: {usual}")]
    warmup = schedule.entry("warmup_learning_rate") if field == "learning_rate_base" else None
    if warmup is not None and warmup.value is not None and warmup.value > float(usual):
        edits.append(context.replace(warmup, f"{float(usual) / 3:.4g}"))
    return context.fix(f"write {usual}", "unsafe", edits)
