"""Averaged weights that nobody looks at.

## Why it is bad

Averaging keeps a second copy of every weight. The TF2 evaluator and exporter of the OD API take the raw
weights. In TF1 both take the averages only where eval_config.use_moving_averages says so. What was asked
for is not what is measured.

## Example

    train_config {
      optimizer {
        adam_optimizer {
          learning_rate {
            constant_learning_rate {
              learning_rate: 0.001
            }
          }
        }
        use_moving_average: true
      }
    }
    eval_config {
      metrics_set: "coco_detection_metrics"
    }

## Use instead

    train_config {
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
    eval_config {
      metrics_set: "coco_detection_metrics"
    }

## Fix safety

Unsafe: a run that goes on from its checkpoints loses the averages in them.
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
    code="CFG706",
    name="averages-not-evaluated",
    severity="warning",
    summary="Finds an optimizer that is told to average weights which are neither evaluated nor exported",
    on=("Optimizer.use_moving_average",),
    fix="unsafe",
    when={"equals": [True]},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at the evaluation, if there is one; in TF2 its own wish for averages is another rule's."""
    entry, evaluation = config.entry("use_moving_average"), config.root.message("eval_config")
    if entry is None or not entry.value or evaluation.block is None or evaluation.flag("use_moving_averages"):
        return
    message = (
        "'use_moving_average: true' keeps averages, and the OD API evaluates and exports the raw weights"
    )
    if context.generation == "tf1":
        message += "; write 'use_moving_averages: true' in 'eval_config', or false here"
    else:
        message += " in TF2; write false"
    fix = context.fix("write false", "unsafe", [context.replace(entry, "false")])
    yield RULE.finding(entry, message, fix=fix)
