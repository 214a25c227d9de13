"""Batch norm statistics of a handful of images.

## Why it is bad

Statistics of so few images are noise: the loss of training looks fine, and the network is poor when it has
to use the averages of what it saw. `freeze_batchnorm` keeps those of the start checkpoint; without one, a
larger batch is the only way out.

## Example

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2_keras"
        }
      }
    }
    train_config {
      batch_size: 2
    }

## Use instead

    model {
      ssd {
        feature_extractor {
          type: "ssd_mobilenet_v2_keras"
        }
        freeze_batchnorm: true
      }
    }
    train_config {
      batch_size: 2
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
    code="CFG355",
    name="batch-norm-of-tiny-batch",
    severity="warning",
    summary="Finds an SSD that learns batch norm statistics from four images or fewer",
    on=("TrainConfig.batch_size",),
)


FEW = 4


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at the batch, and at the two ways to freeze batch norm; TF2 has only one of them."""
    entry, batch = config.entry("batch_size"), config.integer("batch_size")
    ssd = config.root.message("model").message("ssd")
    if entry is None or not 0 < batch <= FEW or ssd.block is None or ssd.flag("freeze_batchnorm"):
        return
    norm = ssd.find("feature_extractor.conv_hyperparams.batch_norm")
    if context.generation == "tf1" and not norm.flag("train"):
        return
    message = (
        f"a batch of {batch} is too small to learn batch norm from; with a start checkpoint, write "
        "'freeze_batchnorm: true' in 'ssd'"
    )
    yield RULE.finding(entry, message)
