"""Thresholds of a matcher that leave no order between match and background.

## Why it is bad

An anchor matches from matched_threshold on and is background below unmatched_threshold; between the two it
counts for neither. The matcher refuses thresholds the other way round, and equal ones where negatives lie
above the lower.

## Example

    model {
      ssd {
        matcher {
          argmax_matcher {
            matched_threshold: 0.4
            unmatched_threshold: 0.5
          }
        }
      }
    }

## Use instead

    model {
      ssd {
        matcher {
          argmax_matcher {
            matched_threshold: 0.5
            unmatched_threshold: 0.4
          }
        }
      }
    }
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
    code="CFG335",
    name="crossed-match-thresholds",
    severity="error",
    summary="Finds a matcher whose lower threshold is above its upper one",
    on=("ArgMaxMatcher",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Compare the thresholds, defaults included."""
    if config.flag("ignore_thresholds"):
        return
    upper, lower = config.number("matched_threshold"), config.number("unmatched_threshold")
    entry = config.entry("unmatched_threshold") or config.entry("matched_threshold") or config
    if lower > upper:
        message = (
            f"'unmatched_threshold' of {lower:.6g} is above 'matched_threshold' of {upper:.6g}, which is "
            "refused"
        )
        yield RULE.finding(entry, message)
    elif lower == upper and not config.flag("negatives_lower_than_unmatched"):
        message = (
            f"both thresholds are {upper:.6g}, which is refused beside 'negatives_lower_than_unmatched: "
            "false'"
        )
        yield RULE.finding(entry, message)
