"""A reader that is not to shuffle and mixes its files.

## Why it is bad

"shuffle: false" keeps the order in each file. With several readers the files are read in turns, so that the
order of the examples is still not that of the records. The OD API says so in its log only.

## Example

    eval_input_reader {
      shuffle: false
      num_readers: 8
      tf_record_input_reader {
        input_path: "data/val.record-?????-of-00010"
      }
    }

## Use instead

    eval_input_reader {
      shuffle: false
      num_readers: 1
      tf_record_input_reader {
        input_path: "data/val.record-?????-of-00010"
      }
    }

## Fix safety

Safe in an evaluation, which takes the same examples in another order. Unsafe in training: one reader is
slower.
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
    code="CFG560",
    name="interleaved-unshuffled-files",
    severity="warning",
    summary="Finds several readers of several files that are to be read in order",
    on=("InputReader.num_readers",),
    fix="unsafe",
    when={"above": 1},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Count the files by their names: a pattern stands for several, unless it is seen to match one."""
    entry = config.entry("num_readers")
    paths = config.message("tf_record_input_reader").texts("input_path")
    if entry is None or config.flag("shuffle") or not _several(context, paths):
        return
    evaluates = config.path.startswith("eval_input_reader")
    fix = context.fix("write 1", "safe" if evaluates else "unsafe", [context.replace(entry, "1")])
    message = f"'num_readers: {entry.value}' reads the files in turns in spite of 'shuffle: false'; 1 keeps the order"
    yield RULE.finding(entry, message, fix=fix)


def _several(context: Context, paths: list[str]) -> bool:
    named = [path for path in paths if isinstance(path, str)]
    if len(named) != 1:
        return len(named) > 1
    path = named[0]
    if path.rpartition("@")[2].isdigit():
        return True  # so many shards
    return any(character in path for character in "*?[") and len(context.files(path)) != 1
