"""An overlap of boxes computed on numbers that are no boxes.

## Why it is bad

SSD hands the encoded offsets to the loss, not the boxes. `weighted_iou` is then 1.0 whatever the network
predicts, so that boxes are never learnt; `weighted_giou` is NaN within a few steps.

## Example

    model {
      ssd {
        loss {
          localization_loss {
            weighted_iou {
            }
          }
        }
      }
    }

## Use instead

    model {
      ssd {
        loss {
          localization_loss {
            weighted_smooth_l1 {
            }
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
    code="CFG340",
    name="overlap-loss-on-encodings",
    severity="warning",
    summary="Finds an SSD whose box loss is an overlap, which is computed on encoded offsets",
    on=(
        "LocalizationLoss.weighted_iou",
        "LocalizationLoss.weighted_giou",
    ),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Judge the loss of an SSD; CenterNet has losses of its own."""
    kind = config.which("localization_loss")
    loss = config.parent
    if kind not in ("weighted_iou", "weighted_giou") or loss is None or loss.type.name != "Loss":
        return
    result = "is constant" if kind == "weighted_iou" else "becomes NaN"
    message = (
        f"'{kind}' of an SSD sees encoded offsets instead of boxes and {result}; 'weighted_smooth_l1' is "
        "usual"
    )
    yield RULE.finding(config.entry(kind) or config, message)
