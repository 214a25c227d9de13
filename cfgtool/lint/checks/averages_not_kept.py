"""An evaluation of averages that nobody keeps.

## Why it is bad

`eval_config.use_moving_averages` asks for the averages that `optimizer.use_moving_average` keeps. Without
them there is nothing of that name in the checkpoint.

## Example

    train_config {
      optimizer {
        adam_optimizer {
        }
        use_moving_average: false
      }
    }
    eval_config {
      use_moving_averages: true
    }

## Use instead

    train_config {
      optimizer {
        adam_optimizer {
        }
        use_moving_average: true
      }
    }
    eval_config {
      use_moving_averages: true
    }

## Fix safety

Unsafe: keeping averages is the other way out.
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
    code="CFG715",
    name="averages-not-kept",
    severity="warning",
    summary="Finds an evaluation of averaged weights that training does not keep",
    on=("EvalConfig.use_moving_averages",),
    generations=("tf1",),
    fix="unsafe",
    when={"equals": [True]},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare with the optimizer, if there is one."""
    entry = config.entry("use_moving_averages")
    optimizer = config.root.message("train_config").message("optimizer")
    if entry is None or not entry.value or optimizer.block is None or optimizer.flag("use_moving_average"):
        return
    fix = context.fix("write false", "unsafe", [context.replace(entry, "false")])
    message = "evaluation asks for averaged weights, and 'optimizer.use_moving_average: false' keeps none"
    yield RULE.finding(entry, message, fix=fix)
