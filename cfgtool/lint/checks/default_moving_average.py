"""Averaged weights that nobody asked for.

## Why it is bad

`use_moving_average` is true unless it is set. In TF2 that doubles the memory for weights, and the averages
are of no use: the evaluator of the OD API cannot evaluate them, and its exporter exports the plain weights.

## Example

    train_config {
      num_steps: 1000
      optimizer {
        adam_optimizer {
          learning_rate {
            constant_learning_rate {
              learning_rate: 0.001
            }
          }
        }
      }
    }

## Use instead

    train_config {
      num_steps: 1000
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

## Fix safety

Unsafe: checkpoints lose the averages, which a run that is resumed looks for.
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
    code="CFG619",
    name="default-moving-average",
    severity="warning",
    summary="Finds an optimizer that averages weights because nothing says otherwise",
    on=("Optimizer",),
    generations=("tf2",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look whether the field is set; an optimizer that is not chosen is another rule's."""
    if config.has("use_moving_average") or config.which("optimizer") is None:
        return
    fix = context.insert_fix(config, "use_moving_average: false", "unsafe")
    message = (
        "'use_moving_average' is not set and means true; TF2 neither evaluates nor exports the averages: "
        "write false"
    )
    yield RULE.finding(config, message, fix=fix)
