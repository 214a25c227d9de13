"""MobileNet V1 (Howard et al. 2017, arXiv:1704.04861), up to its last pointwise convolution."""

from __future__ import annotations

from typing import TypeVar

from cfgtool.networks.blocks import Unit, conv_unit, depthwise_unit
from cfgtool.networks.hyperparams import Generation, Hyperparams
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import Ops, Padding

T = TypeVar("T")

BLOCKS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1)),
)
"""Filters and stride of the blocks 1 to 13."""

_DETECTION_FILTERS = {12: 512, 13: 256}
"""Narrower last blocks, which the FPN types use together with `use_depthwise`."""


def mobilenet_v1(
    ops: Ops[T],
    image: T,
    scope: Names,
    hyper: Hyperparams,
    *,
    depth_multiplier: float,
    min_depth: int,
    padding: Padding = "SAME",
    narrow_end: bool = False,
    generation: Generation = "tf1",
) -> dict[int, T]:
    """The outputs of the blocks by number, 1 to 13; strides against the image: 3: 4, 5: 8, 11: 16, 13: 32.

    The OD API's Keras network applies `depth_multiplier` twice, and so do its checkpoints: 0.5 there means a quarter.
    """

    def filters(depth: int, *, twice: bool = generation == "tf2") -> int:
        if twice:
            depth = int(depth * depth_multiplier)
        return max(int(depth * depth_multiplier), min_depth)

    layers = Layers(scope, functional=True)
    stem = Unit("conv_0", "conv1", "conv1_bn", "Conv2d_0")
    x = conv_unit(ops, image, layers, stem, hyper, filters(32), 3, stride=2, padding=padding)
    outputs: dict[int, T] = {}
    for number, (depth, stride) in enumerate(BLOCKS, start=1):
        narrow = _DETECTION_FILTERS.get(number) if narrow_end else None
        width = filters(narrow, twice=False) if narrow else filters(depth)
        x = depthwise_unit(
            ops, x, layers, _unit(number, "depthwise", "dw"), hyper, 3, stride=stride, padding=padding
        )
        x = conv_unit(ops, x, layers, _unit(number, "pointwise", "pw"), hyper, width, 1)
        outputs[number] = x
    return outputs


def _unit(number: int, kind: str, short: str) -> Unit:
    keras = f"conv_{short}_{number}"
    return Unit(f"conv_{number}/{kind}", keras, f"{keras}_bn", f"Conv2d_{number}_{kind}")
