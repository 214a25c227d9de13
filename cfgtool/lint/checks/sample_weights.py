"""Sampling weights that do not go with the paths.

## Why it is bad

There has to be a weight for each `input_path`. The message about it is itself broken and comes out as a
TypeError.

## Example

    train_input_reader {
      sample_from_datasets_weights: [0.7, 0.3]
      tf_record_input_reader {
        input_path: "data/a.record"
      }
    }

## Use instead

    train_input_reader {
      sample_from_datasets_weights: [0.7, 0.3]
      tf_record_input_reader {
        input_path: "data/a.record"
        input_path: "data/b.record"
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
    code="CFG517",
    name="sample-weights-off-paths",
    severity="error",
    summary="Finds sampling weights that are not as many as the input paths",
    on=("InputReader.sample_from_datasets_weights",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Count both."""
    weights = len(config.numbers("sample_from_datasets_weights"))
    paths = len(config.message("tf_record_input_reader").texts("input_path"))
    entry = config.entries("sample_from_datasets_weights")[0]
    if weights != paths:
        yield RULE.finding(entry, f"{weights} weights stand beside {paths} input paths; each path needs one")
