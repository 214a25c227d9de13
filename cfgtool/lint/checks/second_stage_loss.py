"""A loss that is not the one that is computed.

## Why it is bad

The second stage knows `weighted_sigmoid`, `weighted_softmax`, `weighted_logits_softmax` and
`weighted_sigmoid_focal`. The OD API takes any other for softmax, and says nothing.

## Example

    model {
      faster_rcnn {
        second_stage_classification_loss {
          bootstrapped_sigmoid {
          }
        }
      }
    }

## Use instead

    model {
      faster_rcnn {
        second_stage_classification_loss {
          weighted_softmax {
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
    code="CFG360",
    name="replaced-second-stage-loss",
    severity="warning",
    summary="Finds a loss of the second stage that is replaced by softmax without a message",
    on=("FasterRcnn.second_stage_classification_loss",),
)


REPLACED = (
    "bootstrapped_sigmoid",
    "penalty_reduced_logistic_focal_loss",
    "weighted_dice_classification_loss",
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Look at the loss that is chosen."""
    loss = config.message("second_stage_classification_loss")
    kind = loss.which("classification_loss")
    if kind in REPLACED:
        message = f"'{kind}' is no loss of the second stage: the OD API computes 'weighted_softmax'"
        yield RULE.finding(loss.entry(kind) or loss, message)
