"""Scores converted by another function than the one that the loss trains.

## Why it is bad

A sigmoid loss trains one score per class, a softmax loss a distribution over all of them. Converted by the
other function, or by none (IDENTITY is the default), the detections are ranked by numbers that mean
something else, and thresholds are off.

## Example

    model {
      ssd {
        encode_background_as_zeros: true
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
        post_processing {
          score_converter: SOFTMAX
        }
      }
    }

## Use instead

    model {
      ssd {
        encode_background_as_zeros: true
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
        post_processing {
          score_converter: SIGMOID
        }
      }
    }

## Fix safety

Unsafe: it changes what the scores mean, and the loss may be what is wrong.
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
    code="CFG338",
    name="score-converter-off-loss",
    severity="warning",
    summary="Finds scores that are converted by another function than the loss trains",
    on=("Ssd.loss",),
    fix="unsafe",
)


CONVERTERS = {
    "weighted_sigmoid": "SIGMOID",
    "weighted_sigmoid_focal": "SIGMOID",
    "bootstrapped_sigmoid": "SIGMOID",
    "weighted_softmax": "SOFTMAX",
    "weighted_logits_softmax": "SOFTMAX",
}
"""Classification loss -> the converter that belongs to it."""


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare the loss with `post_processing.score_converter`."""
    loss = config.find("loss.classification_loss").which("classification_loss")
    wanted = CONVERTERS.get(loss or "")
    if wanted is None or not config.has("post_processing"):
        return
    processing = config.message("post_processing")
    actual, entry = processing.enum("score_converter"), processing.entry("score_converter")
    if actual == wanted or (wanted == "SOFTMAX" and actual == "SOFTMAX_WITH_BACKGROUND"):
        return
    shown = f"'score_converter' of '{actual}'" + ("" if entry else " (the default)")
    fix = context.insert_fix(processing, f"score_converter: {wanted}", "unsafe")
    if entry is not None:
        fix = context.fix(f"write {wanted}", "unsafe", [context.replace(entry, wanted)])
    yield RULE.finding(
        entry or processing, f"{shown} does not belong to the loss '{loss}'; write '{wanted}'", fix=fix
    )
