"""A pattern that is no regular expression.

## Why it is bad

Patterns of variables are regular expressions, not wildcards of a shell: a star repeats what is before it.

## Example

    train_config {
      freeze_variables: "*FeatureExtractor*"
    }

## Use instead

    train_config {
      freeze_variables: ".*FeatureExtractor.*"
    }

## Fix safety

Unsafe: it guesses that a wildcard was meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding, Fix
    from cfgtool.schema import Config, Entry

RULE = Rule(
    code="CFG427",
    name="broken-variable-pattern",
    severity="error",
    summary="Finds a pattern of variables that is no regular expression",
    on=(
        "TrainConfig.freeze_variables",
        "TrainConfig.update_trainable_variables",
    ),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compile every pattern."""
    import re

    for field in ("freeze_variables", "update_trainable_variables"):
        for entry in config.entries(field):
            try:
                re.compile(str(entry.value))
            except re.error as error:
                fix = _fix(context, entry)
                yield RULE.finding(
                    entry, f"'{entry.value}' of '{field}' is no regular expression: {error.msg}", fix=fix
                )


def _fix(context: Context, entry: Entry) -> Fix | None:
    """A wildcard of a shell that leads the pattern becomes one of regular expressions."""
    value = str(entry.value)
    plain = value.strip("*")
    if not value.startswith("*") or set("*?[](){}|+^$\\\"'") & set(plain):
        return None
    text = ".*" + plain + (".*" if value.endswith("*") else "")
    return context.fix(f"write '{text}'", "unsafe", [context.replace(entry, f'"{text}"')])
