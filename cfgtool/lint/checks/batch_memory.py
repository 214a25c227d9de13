"""A batch that most GPUs cannot hold.

## Why it is bad

Published configs keep the batch of the TPU pod that they were trained on. On a single GPU such batches end in a
ResourceExhaustedError while the first step runs. What a step keeps for the way back is the output of every layer: it is
counted by running the network on shapes, in float32, times the batch, plus weights, gradients and what the optimizer
holds. What the framework needs itself comes on top. Whether memory suffices depends on the machine, so this is a
remark, for everything above 16 GiB. Networks that are not described are not judged, nor samples whose records are still
a placeholder: nobody trains them as they are.

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
        anchor_generator {
          multiscale_anchor_generator {
            aspect_ratios: [1.0, 2.0, 0.5]
          }
        }
        box_predictor {
          weight_shared_convolutional_box_predictor {
            depth: 128
          }
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
        anchor_generator {
          multiscale_anchor_generator {
            aspect_ratios: [1.0, 2.0, 0.5]
          }
        }
        box_predictor {
          weight_shared_convolutional_box_predictor {
            depth: 128
          }
        }
      }
    }
    train_config {
      batch_size: 8
    }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.context import is_placeholder
from cfgtool.lint.rules import Rule
from cfgtool.networks.image_size import largest_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.networks import NetworkDescription
    from cfgtool.networks.accounting import TrainingMemory
    from cfgtool.schema import Config, Entry

RULE = Rule(
    code="CFG349",
    name="pod-sized-batch",
    severity="info",
    summary="Finds batches that need more memory in a training step than most GPUs have",
    on=("TrainConfig.batch_size",),
)

GPU_SIZES = (16, 24, 40, 80)
"""Memory of common GPUs, in GiB; what fits the smallest is not reported."""
GIB = 1 << 30


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Count the activations of a batch, if its images are large enough together to matter."""
    entry, batch = config.entry("batch_size"), config.integer("batch_size")
    model = config.root.message("model")
    kind = model.which("model")
    if entry is None or kind not in ("ssd", "faster_rcnn", "center_net"):
        return
    type_ = model.message(kind).message("feature_extractor").text("type")
    size = largest_size(model.message(kind).message("image_resizer"))
    if size is None or batch * size[0] * size[1] < fewest_pixels(type_):
        return
    records = config.root.find("train_input_reader.tf_record_input_reader").texts("input_path")
    if any(map(is_placeholder, records)):
        return
    from cfgtool.networks import described_extractors

    if type_ not in described_extractors():
        return
    network = context.network(noted=False)
    if network is not None:
        from cfgtool.networks.accounting import optimizer_slots, training_memory

        slots = optimizer_slots(config.message("optimizer"))
        yield from _judge(entry, batch, network, training_memory(network, batch, slots))


def fewest_pixels(type_: str) -> int:
    """How many pixels a batch has at least that fills the smallest GPU, by the type of the feature extractor.

    No described network has to keep more than 16 KiB for each, none of the MobileNets more than 4. Counting
    is what costs most in a lint, so few configs should need it.
    """
    return 1 << (22 if "mobilenet" in type_ else 20)


def _judge(
    entry: Entry, batch: int, network: NetworkDescription, memory: TrainingMemory
) -> Iterator[Finding]:
    """Compare what one training step keeps with what GPUs have."""
    beyond = [size for size in GPU_SIZES if memory.total > size * GIB]
    if not beyond:
        return
    fits = (GPU_SIZES[0] * GIB - memory.fixed) // network.activation_bytes
    height, width, _ = network.input_shape
    message = (
        f"a step on '{batch}' images of {height} x {width} keeps about {memory.total / GIB:.0f} GiB "
        f"({network.activation_bytes / GIB:.2f} an image), more than a GPU of {beyond[-1]} GiB has; about "
        f"{max(fits, 0)} fit 16 GiB, with the learning rate lowered alike"
    )
    yield RULE.finding(entry, message)
