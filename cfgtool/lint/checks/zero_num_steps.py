"""A training without a number of steps.

## Why it is bad

In TF1, `num_steps: 0` trained until somebody stopped it. The TF2 trainer of the OD API stops at once with a
TypeError unless the command line gives the number. Only configs with an optimizer are judged: the others
are parts.

## Example

    train_config {
      batch_size: 8
      optimizer {
        adam_optimizer {
          learning_rate {
            constant_learning_rate {
              learning_rate: 0.001
            }
          }
        }
        use_moving_average: false
      }
    }

## Use instead

    train_config {
      batch_size: 8
      num_steps: 50000
      optimizer {
        adam_optimizer {
          learning_rate {
            constant_learning_rate {
              learning_rate: 0.001
            }
          }
        }
        use_moving_average: false
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
    code="CFG618",
    name="open-ended-training",
    severity="warning",
    summary="Finds a training without a number of steps, which TF2 of the OD API cannot start and TF1 never ends",
    on=("TrainConfig",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look for a number above 0."""
    if config.integer("num_steps") > 0 or not config.has("optimizer"):
        return
    entry = config.entry("num_steps")
    shown = "'num_steps: 0'" if entry else "'num_steps' is not set and means 0, which"
    if context.generation == "tf1":
        yield RULE.finding(
            entry or config, f"{shown} trains for ever in TF1; write where to stop", severity="info"
        )
    else:
        yield RULE.finding(entry or config, f"{shown} needs the number of steps on the command line")
