"""A number of examples that is not that of the records.

## Why it is bad

The TF1 evaluator reads `num_examples` records and no more: with less than there are it judges a part, with
more it reads some twice or does not end. The numbers of the samples (8000, 1101, 2000) belong to other
data.

## Example

    eval_config {
      num_examples: 8000
    }
    eval_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/sound_val.record"
      }
    }

## Use instead

    eval_config {
      num_examples: 2
    }
    eval_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      tf_record_input_reader {
        input_path: "fixtures/records/sound_val.record"
      }
    }

## Fix safety

Unsafe: a part of the records may have been meant.
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
    code="CFG557",
    name="example-count-off-records",
    severity="warning",
    summary="Finds a number of evaluation examples that is not the number of records",
    on=("EvalConfig.num_examples",),
    generations=("tf1",),
    fix="unsafe",
    needs="records",
)

ESTIMATE = 1.5
"""A count that is estimated from the sizes of files and records is off by less than this factor."""


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare with the count, or with an estimate that leaves no doubt."""
    entry, wanted = config.entry("num_examples"), config.integer("num_examples")
    readers = config.root.messages("eval_input_reader")
    sample = context.records(readers[0]) if readers and readers[0] is not None else None
    if entry is None or sample is None or not sample.stats.records:
        return
    count = sample.count
    if sample.complete:
        if wanted != count:
            fix = context.fix(f"write {count}", "unsafe", [context.replace(entry, str(count))])
            yield RULE.finding(entry, f"'num_examples' is {wanted}, and there are {count} records", fix=fix)
    elif not count / ESTIMATE < wanted < count * ESTIMATE:
        yield RULE.finding(entry, f"'num_examples' is {wanted}, and there are about {count} records")
