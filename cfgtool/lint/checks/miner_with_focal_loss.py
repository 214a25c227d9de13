"""Hard example mining together with the focal loss.

## Why it is bad

Both are answers to the same question, and the model refuses to be built with the two: the focal loss weighs
easy examples down, the miner drops them.

## Example

    model {
      ssd {
        loss {
          classification_loss {
            weighted_sigmoid_focal {
            }
          }
          localization_loss {
            weighted_smooth_l1 {
            }
          }
          hard_example_miner {
          }
        }
      }
    }

## Use instead

    model {
      ssd {
        loss {
          classification_loss {
            weighted_sigmoid_focal {
            }
          }
          localization_loss {
            weighted_smooth_l1 {
            }
          }
        }
      }
    }

## Fix safety

Unsafe: another classification loss is the other way out.
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
    code="CFG339",
    name="miner-with-focal-loss",
    severity="error",
    summary="Finds hard example mining together with the focal loss",
    on=("Loss.hard_example_miner",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at the classification loss beside the miner."""
    entry = config.entry("hard_example_miner")
    if (
        entry is None
        or config.message("classification_loss").which("classification_loss") != "weighted_sigmoid_focal"
    ):
        return
    fix = context.fix("remove 'hard_example_miner'", "unsafe", [context.delete(entry)])
    yield RULE.finding(entry, "'hard_example_miner' is refused beside 'weighted_sigmoid_focal'", fix=fix)
