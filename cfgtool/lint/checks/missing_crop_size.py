"""Crops of no size.

## Why it is bad

The second stage looks at crops of `initial_crop_size` pixels and pools them by `maxpool_kernel_size`. The
schema's default for the size is 0, and the first step stops with an error about the size of a crop. R-FCN
has no such crops.

## Example

    model {
      faster_rcnn {
        second_stage_box_predictor {
          mask_rcnn_box_predictor {
          }
        }
      }
    }

## Use instead

    model {
      faster_rcnn {
        initial_crop_size: 14
        maxpool_kernel_size: 2
        maxpool_stride: 2
        second_stage_box_predictor {
          mask_rcnn_box_predictor {
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
    code="CFG348",
    name="missing-crop-size",
    severity="error",
    summary="Finds a Faster R-CNN that is not told how large its crops are",
    on=("FasterRcnn.second_stage_box_predictor",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Look at models with a second stage that crops."""
    head = config.message("second_stage_box_predictor").which("box_predictor_oneof")
    if config.integer("initial_crop_size") > 0 or head != "mask_rcnn_box_predictor":
        return
    if config.integer("number_of_stages") > 1:
        entry = config.entry("initial_crop_size")
        shown = "'initial_crop_size: 0'" if entry else "'initial_crop_size' is not set and means 0: it"
        yield RULE.finding(
            entry or config, f"{shown} leaves the second stage nothing to look at; 14 is usual"
        )
