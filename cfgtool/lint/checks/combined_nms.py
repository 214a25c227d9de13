"""Combined suppression together with what it cannot do.

## Why it is bad

`use_combined_nms` calls one fused operation. It refuses a change of the coordinate frame, which is on
unless it is switched off, and it knows neither soft suppression nor suppression across classes.

## Example

    model {
      ssd {
        post_processing {
          batch_non_max_suppression {
            use_combined_nms: true
          }
        }
      }
    }

## Use instead

    model {
      ssd {
        post_processing {
          batch_non_max_suppression {
            use_combined_nms: true
            change_coordinate_frame: false
          }
        }
      }
    }

## Fix safety

Unsafe: boxes of images with padding are then given in shares of the padded image. Offered where nothing else is in
the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding, Fix
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG337",
    name="combined-suppression-conflict",
    severity="error",
    summary="Finds combined suppression together with a setting that it refuses",
    on=("BatchNonMaxSuppression.use_combined_nms",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Name each setting in the way."""
    entry = config.entry("use_combined_nms")
    if entry is None or not entry.value:
        return
    conflicts = []
    if config.flag("change_coordinate_frame"):
        default = "" if config.has("change_coordinate_frame") else " (the default)"
        conflicts.append(f"'change_coordinate_frame: true'{default}")
    if config.number("soft_nms_sigma") > 0:
        conflicts.append("'soft_nms_sigma'")
    if config.flag("use_class_agnostic_nms"):
        conflicts.append("'use_class_agnostic_nms'")
    if conflicts:
        message = f"'use_combined_nms' cannot be used with {' and '.join(conflicts)}"
        fix = _unchanged_frame(context, config) if conflicts[1:] == [] else None
        yield RULE.finding(entry, message, fix=fix)


def _unchanged_frame(context: Context, config: Config) -> Fix | None:
    """The fix where the frame of coordinates is all that is in the way."""
    line, old = "change_coordinate_frame: false", config.entry("change_coordinate_frame")
    if not config.flag("change_coordinate_frame"):
        return None
    if old is None:
        return context.insert_fix(config, line, "unsafe")
    return context.fix("write false", "unsafe", [context.replace(old, "false")])
