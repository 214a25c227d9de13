"""An evaluation reader that is not evaluated.

## Why it is bad

The command line of the TF2 evaluator evaluates the first eval_input_reader. TF1 evaluated all of them.
Readers without names of their own write their summaries into one folder, where they cannot be told apart.

## Example

    eval_input_reader {
      tf_record_input_reader {
        input_path: "data/val.record"
      }
    }
    eval_input_reader {
      tf_record_input_reader {
        input_path: "data/test.record"
      }
    }

## Use instead

    eval_input_reader {
      tf_record_input_reader {
        input_path: "data/val.record"
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
    code="CFG562",
    name="unevaluated-reader",
    severity="warning",
    summary="Finds evaluation readers beside the first, which TF2 does not evaluate by itself",
    on=("TrainEvalPipelineConfig.eval_input_reader",),
    generations=("tf2",),
    when={"counts": [1]},
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Look at every reader but the first, and whether its name is taken."""
    names: set[str] = set()
    for index, entry in enumerate(config.entries("eval_input_reader")):
        name = entry.value.text("name") if entry.value is not None else ""
        if index > 0:
            message = (
                f"'eval_input_reader' number {index + 1} is not evaluated by the command line of the OD API"
            )
            if name in names:
                shown = f"the same name '{name}'" if name else "no name either"
                message += f", and has {shown}: its summaries would go to the same folder"
            yield RULE.finding(entry, f"{message}; put it first, or into a config of its own")
        names.add(name)
