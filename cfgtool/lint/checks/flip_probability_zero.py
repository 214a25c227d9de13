"""A flip or rotation with probability 0.

## Why it is bad

Zero is taken for "not set", and None is compared with a random number: a ValueError in the input pipeline.

## Example

    train_config {
      data_augmentation_options {
        random_horizontal_flip {
          probability: 0
        }
      }
    }

## Use instead

    train_config {
      num_steps: 1000
    }

## Fix safety

Safe: with the step there is no training, and without it no image is turned, as 0 says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._augmentation import removal
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG320",
    name="impossible-flip-probability",
    severity="error",
    summary="Finds a flip or rotation with probability 0, which is not read as 0",
    on=("RandomHorizontalFlip.probability", "RandomVerticalFlip.probability", "RandomRotation90.probability"),
    fix="safe",
    when={"equals": [0]},
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Remove the step, and the block that holds nothing else."""
    entry = config.entry("probability")
    if entry is None or entry.value != 0:
        return
    message = "'probability' of '0' stops the input pipeline; remove the step instead"
    yield RULE.finding(entry, message, fix=removal(context, config.parent, "safe"))
