"""A softmax whose background is encoded as no class at all.

## Why it is bad

'encode_background_as_zeros' turns the target of every background box into a row of zeros. A sigmoid loss learns from
such rows; the softmax loss of one is 0 whatever is predicted. The detector never learns what is not an object.

## Example

    model {
      ssd {
        encode_background_as_zeros: true
        loss {
          classification_loss { weighted_softmax { } }
          localization_loss { weighted_smooth_l1 { } }
        }
      }
    }

## Use instead

    model {
      ssd {
        encode_background_as_zeros: true
        loss {
          classification_loss { weighted_sigmoid_focal { alpha: 0.25 gamma: 2.0 } }
          localization_loss { weighted_smooth_l1 { } }
        }
      }
    }

## Fix safety

Unsafe: the loss may be what is wrong.
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
    code="CFG386",
    name="softmax-without-background",
    severity="warning",
    summary="Finds a softmax loss in an SSD that encodes its background as zeros",
    on=("Ssd.encode_background_as_zeros",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at the loss."""
    entry = config.entry("encode_background_as_zeros")
    loss = config.find("loss.classification_loss").which("classification_loss")
    if entry is None or not entry.value or loss not in ("weighted_softmax", "weighted_logits_softmax"):
        return
    message = (
        f"'{loss}' learns nothing from background that is encoded as zeros; write false, or a sigmoid loss"
    )
    yield RULE.finding(
        entry, message, fix=context.fix("write false", "unsafe", [context.replace(entry, "false")])
    )
