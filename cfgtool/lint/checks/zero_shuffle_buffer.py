"""A buffer of 0 to shuffle in.

## Why it is bad

The input pipeline refuses a buffer of 0. To leave the order alone, `shuffle` has to be false.

## Example

    train_input_reader {
      shuffle_buffer_size: 0
    }

## Use instead

    train_input_reader {
      shuffle: false
      shuffle_buffer_size: 0
    }

## Fix safety

Unsafe: a buffer of some size may be what was meant.
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
    code="CFG521",
    name="empty-shuffle-buffer",
    severity="error",
    summary="Finds a shuffle buffer of 0 in a reader that shuffles",
    on=(
        "InputReader.shuffle_buffer_size",
        "InputReader.filenames_shuffle_buffer_size",
    ),
    fix="unsafe",
    when={"equals": [0]},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at both buffers of a reader that shuffles."""
    if not config.flag("shuffle"):
        return
    shuffle = config.entry("shuffle")
    fix = context.insert_fix(config, "shuffle: false", "unsafe")
    if shuffle is not None:
        fix = context.fix("write 'shuffle: false'", "unsafe", [context.replace(shuffle, "false")])
    for name in ("shuffle_buffer_size", "filenames_shuffle_buffer_size"):
        entry = config.entry(name)
        if entry is not None and config.integer(name) == 0:
            message = f"'{name}: 0' is refused where 'shuffle' is true; write 'shuffle: false' or a size"
            yield RULE.finding(entry, message, fix=fix)
