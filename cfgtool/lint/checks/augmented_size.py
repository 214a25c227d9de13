"""Images that are scaled twice.

## Why it is bad

`random_scale_crop_and_pad_to_square` makes squares of `output_size`, and the resizer scales them once more:
time is lost, details too, and objects train at another scale than they are looked for.

## Example

    model {
      ssd {
        image_resizer {
          fixed_shape_resizer {
            height: 512
            width: 512
          }
        }
      }
    }
    train_config {
      data_augmentation_options {
        random_scale_crop_and_pad_to_square {
          output_size: 640
        }
      }
    }

## Use instead

    model {
      ssd {
        image_resizer {
          fixed_shape_resizer {
            height: 512
            width: 512
          }
        }
      }
    }
    train_config {
      data_augmentation_options {
        random_scale_crop_and_pad_to_square {
          output_size: 512
        }
      }
    }

## Fix safety

Unsafe: it changes the training; the resizer may be what is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule
from cfgtool.networks.image_size import static_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG362",
    name="augmentation-size-off-input",
    severity="warning",
    summary="Finds an augmentation that scales to another size than the network takes",
    on=("RandomScaleCropAndPadToSquare.output_size",),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Compare with the size that every image gets, if there is one."""
    entry, side = config.entry("output_size"), config.integer("output_size")
    model = config.root.message("model")
    kind = model.which("model")
    if entry is None or kind not in ("ssd", "faster_rcnn", "center_net"):
        return
    size = static_size(model.message(kind).message("image_resizer"))
    if size is None or size == (side, side):
        return
    fix = None
    if size[0] == size[1]:
        fix = context.fix(f"write {size[0]}", "unsafe", [context.replace(entry, str(size[0]))])
    message = f"'output_size' of {side} is resized again: the network takes {size[0]} x {size[1]}"
    yield RULE.finding(entry, message, fix=fix)
