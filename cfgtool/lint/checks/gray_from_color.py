"""Gray images, and weights for three channels.

## Why it is bad

With `convert_to_grayscale` the first convolution has one input channel. The published checkpoints have
three: their first kernel does not fit, and the restore stops or leaves it out.

## Example

    model {
      ssd {
        image_resizer {
          fixed_shape_resizer {
            height: 300
            width: 300
            convert_to_grayscale: true
          }
        }
      }
    }
    train_config {
      fine_tune_checkpoint: "zoo/ckpt-0"
    }

## Use instead

    model {
      ssd {
        image_resizer {
          fixed_shape_resizer {
            height: 300
            width: 300
          }
        }
      }
    }
    train_config {
      fine_tune_checkpoint: "zoo/ckpt-0"
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
    code="CFG358",
    name="gray-images-from-color-weights",
    severity="warning",
    summary="Finds gray images for a network that starts from weights for colour images",
    on=(
        "FixedShapeResizer.convert_to_grayscale",
        "KeepAspectRatioResizer.convert_to_grayscale",
        "ConditionalShapeResizer.convert_to_grayscale",
    ),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Look for a start checkpoint beside the switch."""
    entry = config.entry("convert_to_grayscale")
    root = config.root
    if entry is None or not entry.value or "train_config" not in root.type.fields:
        return
    if root.message("train_config").text("fine_tune_checkpoint"):
        message = (
            "gray images have one channel; the first kernel of a checkpoint for colour images has three, "
            "and does not fit"
        )
        yield RULE.finding(entry, message)
