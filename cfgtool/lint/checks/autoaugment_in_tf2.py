"""A learned augmentation policy in TF2.

## Why it is bad

The policies need operations that went with TF1: the input pipeline stops with a NameError when it is built.

## Example

    train_config {
      data_augmentation_options {
        autoaugment_image {
          policy_name: "v0"
        }
      }
    }

## Use instead

    train_config {
      data_augmentation_options {
        random_horizontal_flip {
        }
      }
    }

## Fix safety

Unsafe: the images are augmented less afterwards.
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
    code="CFG214",
    name="autoaugment-in-tf2",
    severity="error",
    summary="Finds learned augmentation policies, which fail in TF2",
    on=("PreprocessingStep.autoaugment_image",),
    generations=("tf2",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Remove the step, and the block that holds nothing else."""
    entry = config.entry("autoaugment_image")
    if entry is not None:
        message = "'autoaugment_image' needs operations of TF1; in TF2 every policy ends in an error"
        yield RULE.finding(entry, message, fix=removal(context, config, "unsafe"))
