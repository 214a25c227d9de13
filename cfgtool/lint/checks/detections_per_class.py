"""More detections of one class than of all.

## Why it is bad

The model cannot be built: "max_detections_per_class should be no greater than max_total_detections". Both
default to 100.

## Example

    model {
      ssd {
        post_processing {
          batch_non_max_suppression {
            max_detections_per_class: 100
            max_total_detections: 50
          }
        }
      }
    }

## Use instead

    model {
      ssd {
        post_processing {
          batch_non_max_suppression {
            max_detections_per_class: 50
            max_total_detections: 50
          }
        }
      }
    }

## Fix safety

Unsafe: a larger total is the other way out.
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
    code="CFG336",
    name="class-limit-above-total",
    severity="error",
    summary="Finds a limit of detections per class that is above the limit of them all",
    on=("BatchNonMaxSuppression",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the two limits, defaults included."""
    single, total = config.integer("max_detections_per_class"), config.integer("max_total_detections")
    if single <= total:
        return
    entry = config.entry("max_detections_per_class")
    if entry is None:
        fix = context.insert_fix(config, f"max_detections_per_class: {total}", "unsafe")
    else:
        fix = context.fix(f"write {total}", "unsafe", [context.replace(entry, str(total))])
    shown = f"'max_detections_per_class' of {single}" + ("" if entry else " (the default)")
    place = entry or config.entry("max_total_detections") or config
    yield RULE.finding(
        place, f"{shown} is above 'max_total_detections' of {total}, which is refused", fix=fix
    )
