"""An evaluation without records.

## Why it is bad

With `eval_config` and no `eval_input_reader`, training runs and the evaluator stops when it looks for its
records.

## Example

    train_config {
    }
    train_input_reader {
    }
    eval_config {
    }

## Use instead

    train_config {
    }
    train_input_reader {
    }
    eval_config {
    }
    eval_input_reader {
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
    code="CFG711",
    name="missing-eval-reader",
    severity="warning",
    summary="Finds a config that asks for evaluation and has nothing to evaluate on",
    on=("TrainEvalPipelineConfig.eval_config",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Only whole configs are judged: parts of one may be merged."""
    if config.has("eval_input_reader") or not config.has("train_input_reader"):
        return
    place = config.entry("eval_config") or config
    yield RULE.finding(
        place, "'eval_config' has no 'eval_input_reader' beside it, so there is nothing to evaluate on"
    )
