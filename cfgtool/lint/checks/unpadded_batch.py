"""Batches of images that have different sizes.

## Why it is bad

A resizer that keeps the proportions without padding gives every image a size of its own. Training stops at
the first batch with "Cannot batch tensors with different shapes", minutes after the start.

## Example

    model {
      ssd {
        image_resizer {
          keep_aspect_ratio_resizer {
            min_dimension: 600
            max_dimension: 1024
          }
        }
      }
    }
    train_config {
      batch_size: 8
    }

## Use instead

    model {
      ssd {
        image_resizer {
          keep_aspect_ratio_resizer {
            min_dimension: 1024
            max_dimension: 1024
            pad_to_max_dimension: true
          }
        }
      }
    }
    train_config {
      batch_size: 8
    }

## Fix safety

Unsafe: padding changes what the network sees, and images need more memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding, Fix
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG342",
    name="unpadded-batch",
    severity="error",
    summary="Finds batches of images that the resizer leaves at different sizes",
    on=("ImageResizer",),
    fix="unsafe",
)


OPEN = ("keep_aspect_ratio_resizer", "identity_resizer", "conditional_shape_resizer")
"""Resizers after which images may still differ in size."""


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look for a resizer that leaves sizes open, and a batch of more than one image."""
    kind = config.which("image_resizer_oneof")
    if kind not in OPEN:
        return
    resizer = config.message(kind)
    keeps = kind == "keep_aspect_ratio_resizer"
    if keeps and resizer.flag("pad_to_max_dimension"):
        return
    train = config.root.message("train_config")
    batch = train.integer("batch_size")
    if batch < 2 or train.block is None:
        return
    shown = "" if train.has("batch_size") else " (the default)"
    message = f"'{kind}' leaves images at different sizes, which a batch of {batch}{shown} cannot hold"
    fix = _fix(context, resizer) if keeps else None
    way_out = "'pad_to_max_dimension: true'" if keeps else "'fixed_shape_resizer'"
    # One of the TF1 trainers padded its batches; the others failed as TF2 does.
    severity = "warning" if context.generation == "tf1" else "error"
    message = f"{message}; {way_out} or a batch of 1 per replica can"
    yield RULE.finding(config.entry(kind) or config, message, fix=fix, severity=severity)


def _fix(context: Context, resizer: Config) -> Fix | None:
    entry = resizer.entry("pad_to_max_dimension")
    if entry is None:
        return context.insert_fix(resizer, "pad_to_max_dimension: true", "unsafe")
    return context.fix("write true", "unsafe", [context.replace(entry, "true")])
