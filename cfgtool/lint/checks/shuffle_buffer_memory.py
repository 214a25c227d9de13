"""A shuffle buffer that fills the memory.

## Why it is bad

The buffer holds whole records, images included, and is filled before the first step: 2048 of them unless it
is set. With photos of some megabytes that ends in 'Filling up shuffle buffer' and a process that the system
kills. With `sample_from_datasets_weights` every input path has a buffer of its own.

## Example

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      shuffle_buffer_size: 4000000
      tf_record_input_reader {
        input_path: "fixtures/records/sound.record"
      }
    }

## Use instead

    train_input_reader {
      label_map_path: "fixtures/records/animals.pbtxt"
      shuffle_buffer_size: 2000
      tf_record_input_reader {
        input_path: "fixtures/records/sound.record"
      }
    }

## Fix safety

Unsafe: a smaller buffer mixes records that stand close together less well; shards that are read in turn
make up for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._records import READER, value_fix
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config


RULE = Rule(
    code="CFG553",
    name="oversized-shuffle-buffer",
    severity="warning",
    summary="Finds a shuffle buffer that takes gigabytes with records of this size",
    on=READER,
    fix="unsafe",
    needs="records",
)

BYTES = 2 << 30
"""A quarter of the memory of a machine with 8 GiB, of which the framework and the batches take most of the rest."""


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Multiply the average record with the records that wait in memory."""
    sample = context.records(config)
    if sample is None or not config.flag("shuffle") or not sample.stats.bytes:
        return
    mean, size = sample.mean_bytes, config.integer("shuffle_buffer_size")
    buffers = len(set(sample.files.values())) if config.has("sample_from_datasets_weights") else 1
    waiting = min(config.integer("num_readers"), len(sample.files)) * config.integer("read_block_length")
    needed = mean * (size * buffers + waiting)
    fits = _rounded((BYTES / mean - waiting) / buffers)
    if needed <= BYTES or fits < 1 or fits >= size:
        return
    fix = value_fix(context, config, "shuffle_buffer_size", fits)
    message = (
        f"'shuffle_buffer_size' of {size} takes {needed / (1 << 30):.1f} GiB with {_unit(mean)} per record"
        f"{f' and {buffers} buffers' if buffers > 1 else ''}; {fits} would take {BYTES >> 30} GiB"
    )
    yield RULE.finding(config.entry("shuffle_buffer_size") or config, message, fix=fix)


def _rounded(value: float) -> int:
    """`value` rounded down to two digits."""
    if value < 1:
        return 0
    step: int = 10 ** max(0, len(str(int(value))) - 2)
    return int(value) // step * step


def _unit(size: float) -> str:
    return f"{size / (1 << 20):.1f} MiB" if size >= 1 << 20 else f"{size / 1024:.1f} KiB"
