"""What the rules about records share: a problem of the data layer becomes a finding at the path of the file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding, Fix
    from cfgtool.lint.records import RecordSample
    from cfgtool.lint.rules import Rule
    from cfgtool.schema import Config

READER = ("InputReader.tf_record_input_reader",)
"""The trigger of a rule about the records of each reader."""


def told(rule: Rule, problems: tuple[str, ...], context: Context, reader: Config) -> Iterator[Finding]:
    """A finding for each kind of `problems` (slugs of the data layer) that the records of `reader` have."""
    sample = context.records(reader)
    if sample is None:
        return
    for code in problems:
        problem = sample.inspection.first(code)
        if problem is not None:
            message = problem_message(sample, code)
            yield rule.finding(sample.place(problem.path), message, severity=problem.severity)


def problem_message(sample: RecordSample, code: str) -> str:
    """The first problem of this kind with its place, and how many records share it."""
    problem = sample.inspection.first(code)
    assert problem is not None
    # Names are shown without their folder: the path is what the finding underlines.
    name = os.path.basename(problem.path)
    if not problem.place:
        others = sample.inspection.counts[code] - 1
        more = f" (and {others} more files)" if others else ""
        return f"'{name}': {problem.message}{more}"
    records = sample.inspection.records[code]
    unusable = code in ("record-framing", "record-checksum", "record-not-an-example")
    more = "" if records == 1 or unusable else f"; {records} of {sample.what_was_read()} have this"
    return f"'{name}', {problem.place}: {problem.message}{more}"


def value_fix(context: Context, config: Config, name: str, value: object) -> Fix | None:
    """The unsafe fix that makes `value` the value of a field, whether the text has it or not."""
    entry = config.entry(name)
    if entry is None:
        return context.insert_fix(config, f"{name}: {value}", "unsafe")
    return context.fix(f"write {value}", "unsafe", [context.replace(entry, str(value))])


def training_sample(context: Context) -> RecordSample | None:
    """The records that are trained on; None without files, or without a sound record."""
    sample = context.records(context.config.message("train_input_reader"))
    return sample if sample is not None and sample.stats.records else None
