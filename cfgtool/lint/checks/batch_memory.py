"""A batch that was made for a TPU pod.

## Why it is bad

Published configs keep the batch of the pod that they were trained on. On a single GPU such batches end in a
ResourceExhaustedError while the first step runs. Whether memory suffices depends on the machine, so this is
a remark: 32 images of 512 x 512 and everything above is reported.

## Example

    model {
      ssd {
        image_resizer {
          fixed_shape_resizer {
            height: 640
            width: 640
          }
        }
        feature_extractor {
          type: "ssd_mobilenet_v2_fpn_keras"
        }
      }
    }
    train_config {
      batch_size: 64
    }

## Use instead

    model {
      ssd {
        image_resizer {
          fixed_shape_resizer {
            height: 640
            width: 640
          }
        }
        feature_extractor {
          type: "ssd_mobilenet_v2_fpn_keras"
        }
      }
    }
    train_config {
      batch_size: 8
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.checks._images import largest_size
from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG349",
    name="pod-sized-batch",
    severity="info",
    summary="Finds batches and images of a size that was made for a TPU pod",
    on=("TrainConfig.batch_size",),
)


PIXELS = 32 * 512 * 512


def check(context: Context, config: Config) -> Iterator[Finding]:  # noqa: ARG001 - all checks take the context
    """Count the pixels of a batch."""
    entry, batch = config.entry("batch_size"), config.integer("batch_size")
    model = config.root.message("model")
    kind = model.which("model")
    if entry is None or kind not in ("ssd", "faster_rcnn", "center_net"):
        return
    size = largest_size(model.message(kind).message("image_resizer"))
    if size is None or batch * size[0] * size[1] < PIXELS:
        return
    message = (
        f"a batch of {batch} images of {size[0]} x {size[1]} is more than most single GPUs hold; with a "
        "smaller one, lower the learning rate alike"
    )
    yield RULE.finding(entry, message)
