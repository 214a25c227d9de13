"""Queues that hold more than the memory.

## Why it is bad

The Slim trainer of TF1 keeps decoded images in queues: batch_queue_capacity of them, and
prefetch_queue_capacity batches more. As floats of the size of the input they fill the memory of the host,
and the process is killed without a message.

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
          type: "ssd_mobilenet_v1"
        }
      }
    }
    train_config {
      batch_size: 24
      batch_queue_capacity: 6000
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
          type: "ssd_mobilenet_v1"
        }
      }
    }
    train_config {
      batch_size: 24
      batch_queue_capacity: 150
    }

## Fix safety

Unsafe: shorter queues may starve a fast trainer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule
from cfgtool.networks.image_size import largest_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG627",
    name="queue-beyond-memory",
    severity="warning",
    summary="Finds queues of the TF1 trainer whose images fill the memory of the host",
    on=("TrainConfig.batch_queue_capacity", "TrainConfig.prefetch_queue_capacity"),
    generations=("tf1",),
    fix="unsafe",
)

LIMIT = 16 * 2**30
"""Bytes of images in queues that few hosts of a GPU can spare."""
DEFAULTS = {"batch_queue_capacity": 150, "prefetch_queue_capacity": 5}


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Add up the images of both queues, three floats to a pixel."""
    model = config.root.message("model")
    kind = model.which("model")
    if kind not in ("ssd", "faster_rcnn"):
        return
    size = largest_size(model.message(kind).message("image_resizer"))
    images = {
        "batch_queue_capacity": config.integer("batch_queue_capacity"),
        "prefetch_queue_capacity": config.integer("prefetch_queue_capacity") * config.integer("batch_size"),
    }
    total = size[0] * size[1] * 12 * sum(images.values()) if size else 0
    written = [name for name in images if config.has(name)]  # none if what triggers the check cannot be read
    if size is None or not written or total <= LIMIT:
        return
    name = max(written, key=lambda name: images[name])
    entry = config.entry(name)
    assert entry is not None
    message = (
        f"'{name}' of {entry.value} makes queues of {sum(images.values())} images of {size[0]} x {size[1]}, "
        f"{total / 2**30:.0f} GiB of memory; the default is {DEFAULTS[name]}"
    )
    fix = None
    if config.integer(name) > DEFAULTS[name]:
        value = str(DEFAULTS[name])
        fix = context.fix(f"write {value}", "unsafe", [context.replace(entry, value)])
    yield RULE.finding(entry, message, fix=fix)
