"""A start checkpoint that is not there.

## Why it is bad

Archives are unpacked one folder deeper than expected, relative paths start at the folder of the shell,
files move: "Failed to find any matching files" is the most frequent end of a first training, after the
model was built. Paths that plainly belong to another machine (an absolute path whose first folder is not
there, a URL) are not judged.

## Example

    train_config {
      fine_tune_checkpoint: "fixtures/lint/detector/ckpt-0"
    }

## Use instead

    train_config {
      fine_tune_checkpoint: "fixtures/lint/detector/ckpt-1"
    }

## Fix safety

Unsafe: what lies near may be another checkpoint than the one that was meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._paths import worth_reporting
from cfgtool.lint.checks._restore import as_written, resolve, start_of
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG411",
    name="missing-checkpoint",
    severity="error",
    summary="Finds a start checkpoint that is not there",
    on=("TrainConfig.fine_tune_checkpoint",),
    fix="unsafe",
    when={"filled": True},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Resolve the name, and say what lies near it."""
    start = start_of(context, config)
    if start is None:
        return
    entry, name = start
    found = resolve(context, name)
    if isinstance(found, tuple):
        return
    if not worth_reporting(context, name):
        context.note(f"not checked against the checkpoint: there is no '{name}' on this machine")
        return
    hint = f"; {found.hint.rstrip('?')}" if found.hint else ""
    meant = as_written(context, name, _candidate(found.hint or ""))
    fix = None
    if meant:
        fix = context.fix(f"write '{meant}'", "unsafe", [context.replace(entry, f'"{meant}"')])
    yield RULE.finding(entry, f"start checkpoint '{name}': {found.message}{hint}", fix=fix)


def _candidate(hint: str) -> str:
    """The one prefix that a hint names, "" for none or several."""
    for start in ("did you mean ", "near it is "):
        quoted = hint.removeprefix(start).rstrip("?")
        if hint.startswith(start) and quoted.count("'") == 2:
            return quoted.strip("'")
    return ""
