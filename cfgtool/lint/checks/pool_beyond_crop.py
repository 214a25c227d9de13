"""Crops that the max pool leaves nothing of.

## Why it is bad

Boxes are cropped from the feature map at `initial_crop_size`, then pooled without padding. A window larger than the crop
has no place in it: the first step ends with "Computed output size would be negative", or, where the stride makes up for
it, the process dies of an empty convolution. Inception-ResNet in TF1 shrinks what is left once more, also without
padding, and needs 3 x 3 of it.

## Example

    model {
      faster_rcnn {
        initial_crop_size: 2
        maxpool_kernel_size: 4
        maxpool_stride: 2
      }
    }

## Use instead

    model {
      faster_rcnn {
        initial_crop_size: 14
        maxpool_kernel_size: 2
        maxpool_stride: 2
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
    code="CFG375",
    name="pool-beyond-crop",
    severity="error",
    summary="Finds crops of Faster R-CNN that are smaller than the window of their max pool",
    on=("FasterRcnn.maxpool_kernel_size",),
)

_LEAST_OF_INCEPTION_RESNET = 3


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Compare the window with the crop, and what is left with what the extractor needs."""
    kernel, crop = config.entry("maxpool_kernel_size"), config.integer("initial_crop_size")
    head = config.message("second_stage_box_predictor").which("box_predictor_oneof")
    if kernel is None or crop < 1 or config.integer("number_of_stages") == 1 or head == "rfcn_box_predictor":
        return
    window, stride = config.integer("maxpool_kernel_size"), config.integer("maxpool_stride")
    if window > crop:
        yield RULE.finding(
            kernel, f"'maxpool_kernel_size: {window}' finds no place in a crop of {crop} x {crop}; 2 is usual"
        )
        return
    left = (crop - window) // stride + 1 if stride > 0 else crop
    slim = config.message("feature_extractor").text("type") == "faster_rcnn_inception_resnet_v2"
    if slim and left < _LEAST_OF_INCEPTION_RESNET:
        yield RULE.finding(
            kernel,
            f"'maxpool_kernel_size: {window}' leaves {left} x {left} of a crop, of which this extractor needs 3 x 3",
        )
