"""Images that are smaller than the feature extractor takes.

## Why it is bad

The extractors check the size of what they are given: MobileNets of SSD take nothing below 33 pixels,
ResNets with FPN and EfficientDet nothing below 129. Training stops when the model is first called.

## Example

    model {
      ssd {
        image_resizer {
          fixed_shape_resizer {
            height: 96
            width: 96
          }
        }
        feature_extractor {
          type: "ssd_resnet50_v1_fpn_keras"
        }
      }
    }

## Use instead

    model {
      ssd {
        image_resizer {
          fixed_shape_resizer {
            height: 160
            width: 160
          }
        }
        feature_extractor {
          type: "ssd_resnet50_v1_fpn_keras"
        }
      }
    }
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
    code="CFG344",
    name="image-below-minimum",
    severity="error",
    summary="Finds images that are smaller than the feature extractor takes",
    on=("Ssd.feature_extractor",),
)


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Compare the shorter side with the least size of the extractor."""
    type_ = config.message("feature_extractor").text("type")
    least = 129 if "resnet" in type_ or "efficientnet" in type_ else 33 if "mobilenet" in type_ else 0
    resizer = config.message("image_resizer")
    size = static_size(resizer)
    kind = resizer.which("image_resizer_oneof")
    entry = resizer.entry(kind) if kind else None
    if size is not None and entry is not None and min(size) < least:
        message = f"images of {size[0]} x {size[1]} are too small: '{type_}' takes no side below {least}"
        yield RULE.finding(entry, message)
