"""A feature stride that the second stage of Inception-ResNet cannot take.

## Why it is bad

At a stride of 8 the Keras extractor takes the strides out of the layers of one reduction block, and of one branch of the
next as well. The second stage then joins branches of different sizes: it stops with an InvalidArgumentError at the first
image. The first stage alone works, and TF1 had no such fault.

## Example

    model {
      faster_rcnn {
        feature_extractor {
          type: "faster_rcnn_inception_resnet_v2_keras"
          first_stage_features_stride: 8
        }
      }
    }

## Use instead

    model {
      faster_rcnn {
        feature_extractor {
          type: "faster_rcnn_inception_resnet_v2_keras"
          first_stage_features_stride: 16
        }
      }
    }

## Fix safety

Unsafe: the anchors have to follow, and features are half as dense.
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
    code="CFG234",
    name="fine-stride-of-keras-inception",
    severity="error",
    summary="Finds a stride of 8 for a Faster R-CNN Inception-ResNet with a second stage in TF2",
    on=("FasterRcnnFeatureExtractor.first_stage_features_stride",),
    generations=("tf2",),
    when={"equals": [8]},
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look at the one extractor type that has the fault, unless it is a region proposal network only."""
    entry = config.entry("first_stage_features_stride")
    if entry is None or config.text("type") != "faster_rcnn_inception_resnet_v2_keras":
        return
    if config.root.find("model.faster_rcnn").integer("number_of_stages") != 1:
        yield RULE.finding(
            entry,
            "'first_stage_features_stride: 8' stops this extractor's second stage; write 16",
            fix=context.fix("write 16", "unsafe", [context.replace(entry, "16")]),
        )
