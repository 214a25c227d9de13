"""CenterNet on ResNet V2 with transposed convolutions (`resnet_v2_50`, `resnet_v2_101`)."""

from __future__ import annotations

from typing import TypeVar

from cfgtool.networks.backbones.resnet_v2 import RESNETS, resnet_v2
from cfgtool.networks.center_net.extractor import CenterNetExtractor
from cfgtool.networks.names import Layers
from cfgtool.networks.necks.upsampling import transposed
from cfgtool.networks.ops import Ops

T = TypeVar("T")


def feature_maps(ops: Ops[T], image: T, extractor: CenterNetExtractor) -> list[T]:
    """See `FeatureMaps`."""
    network = RESNETS[int(extractor.type.removeprefix("resnet_v2_"))]
    maps = resnet_v2(ops, image, extractor.names("backbone", tf2="_base_model"), network)
    # The whole backbone is the first layer of the model that the neck belongs to.
    neck = extractor.names("neck", tf2="_feature_extractor_model", keras="feature_extractor_model")
    return [transposed(ops, maps[-1], Layers(neck, functional=True, start=1), kernel=3)]


def image_multiple(type_: str) -> int:  # noqa: ARG001
    """See `Family`."""
    return 32
