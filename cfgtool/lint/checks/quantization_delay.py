"""A quantisation that starts too late or too early.

## Why it is bad

Quantisation-aware training begins after delay steps of training in float. Where training ends before, the
exported model is quantised without having been trained for it. With a delay of 0 and no start checkpoint,
the first steps are quantised to ranges that nothing has settled yet.

## Example

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2"
        }
        image_resizer {
          fixed_shape_resizer {
            height: 300
            width: 300
          }
        }
      }
    }
    train_config {
      num_steps: 50000
    }
    graph_rewriter {
      quantization {
        delay: 500000
      }
    }

## Use instead

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2"
        }
        image_resizer {
          fixed_shape_resizer {
            height: 300
            width: 300
          }
        }
      }
    }
    train_config {
      num_steps: 50000
    }
    graph_rewriter {
      quantization {
        delay: 45000
      }
    }

## Fix safety

Unsafe: it changes what is trained; a model that was trained in float already may take a shorter delay.
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
    code="CFG717",
    name="quantization-delay-off-training",
    severity="warning",
    summary="Finds quantisation-aware training that begins after training ends, or before it began",
    on=("Quantization",),
    generations=("tf1",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the delay with `num_steps` and the start checkpoint."""
    delay, steps, entry = config.integer("delay"), steps_of(config), config.entry("delay")
    train = config.root.message("train_config")
    shown = f"'delay' of {delay}" + ("" if entry else " (the default)")
    if steps > 0 and delay >= steps:
        message = f"{shown} is not below 'num_steps' of {steps}: nothing is trained quantised"
    elif delay == 0 and train.block is not None and not train.text("fine_tune_checkpoint"):
        message = f"{shown} quantises from the first step, and no start checkpoint gives it weights"
    else:
        return
    later = steps * 9 // 10
    if steps <= 0:
        yield RULE.finding(entry or config, f"{message}; train in float first")
        return
    fix = context.insert_fix(config, f"delay: {later}", "unsafe")
    if entry is not None:
        fix = context.fix(f"write {later}", "unsafe", [context.replace(entry, str(later))])
    yield RULE.finding(entry or config, f"{message}; {later}, nine tenths of the training, is usual", fix=fix)
