"""Two background classes.

## Why it is bad

The model cannot be built with both `add_background_class`, which is true unless it is set, and
`explicit_background_class`.

## Example

    model {
      ssd {
        explicit_background_class: true
      }
    }

## Use instead

    model {
      ssd {
        add_background_class: false
        explicit_background_class: true
      }
    }

## Fix safety

Unsafe: which of the two is meant cannot be known.
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
    code="CFG341",
    name="two-backgrounds",
    severity="error",
    summary="Finds an SSD with a background class that is added and one that is explicit",
    on=("Ssd.explicit_background_class",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Both at once, the default included."""
    explicit = config.entry("explicit_background_class")
    if explicit is None or not (explicit.value and config.flag("add_background_class")):
        return
    entry = config.entry("add_background_class")
    line = "add_background_class: false"
    if entry is None:
        fix = context.insert_fix(config, line, "unsafe", before=explicit)
    else:
        fix = context.fix("write false", "unsafe", [context.replace(entry, "false")])
    default = "" if entry else " (the default)"
    message = (
        f"'explicit_background_class' is refused beside 'add_background_class: true'{default}; write '{line}'"
    )
    yield RULE.finding(explicit, message, fix=fix)
