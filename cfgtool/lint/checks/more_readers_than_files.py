"""More readers than files.

## Why it is bad

Each reader reads files of its own, so that readers beyond the number of files are dropped: 'num_readers has
been reduced to 1 to match input file shards'. One file is read by one reader, however many are asked for;
cut the records into shards to read faster.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      num_readers: 4
      tf_record_input_reader {
        input_path: "fixtures/records/sound.record"
      }
    }

## Use instead

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      num_readers: 1
      tf_record_input_reader {
        input_path: "fixtures/records/sound.record"
      }
    }

## Fix safety

Unsafe: more shards may be meant to come.
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
    code="CFG558",
    name="more-readers-than-files",
    severity="info",
    summary="Finds more readers than there are files to read",
    on=("InputReader.num_readers",),
    fix="unsafe",
    needs="records",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare with the number of files; nothing is read for it."""
    entry, readers = config.entry("num_readers"), config.integer("num_readers")
    files = len(context.record_files(config))
    if entry is not None and readers > files > 0:
        fix = context.fix(f"write {files}", "unsafe", [context.replace(entry, str(files))])
        there = "is 1 file" if files == 1 else f"are {files} files"
        yield RULE.finding(entry, f"'num_readers' is {readers}, and there {there}; write {files}", fix=fix)
