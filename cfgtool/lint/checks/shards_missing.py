"""A set of shards that is not complete.

## Why it is bad

The pattern says how many files there should be. Training reads those that are there without a message, and
so learns from a part of the data; the rest was not copied, or is still being written.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/shards.record-?????-of-00003"
      }
    }

## Use instead

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/pair.record-?????-of-00002"
      }
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.records import files_of
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config


RULE = Rule(
    code="CFG559",
    name="missing-shards",
    severity="warning",
    summary="Finds patterns that promise more shards than there are files",
    on=("TFRecordInputReader.input_path",),
    needs="records",
)

PROBLEMS = ("shards-missing",)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Count the files of every pattern that ends in the number of shards."""
    from cfgtool.data.paths import shard_problems

    for entry in config.entries("input_path"):
        name = entry.value
        files = files_of(context, name) if isinstance(name, str) and context.looks_at(name) else []
        for problem in shard_problems(name, files) if files else ():
            message = f"{problem.message} of those that '{name}' names; there are {len(files)}"
            yield RULE.finding(entry, message, severity=problem.severity)
