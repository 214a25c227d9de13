"""CenterNet on what the OD API calls ResNet V1 with a feature pyramid (`resnet_v1_18_fpn` to `resnet_v1_101_fpn`).

The two small ones are made of V2 units, which normalise first.
"""

from __future__ import annotations

from typing import TypeVar

from cfgtool.networks.backbones.resnet_v1 import ResNetV1, resnet_v1
from cfgtool.networks.backbones.resnet_v2 import RESNETS, resnet_v2
from cfgtool.networks.center_net.extractor import CenterNetExtractor
from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.names import Layers
from cfgtool.networks.necks.upsampling import Pyramid, pyramid
from cfgtool.networks.ops import GLOROT, BatchNorm, Ops

T = TypeVar("T")

_KERAS = Hyperparams(GLOROT, BatchNorm(decay=0.99, epsilon=1.001e-5), "relu", bias=True)
"""The network of Keras itself, whose convolutions have biases although a batch norm follows."""

_SMALL = (18, 34)


def feature_maps(ops: Ops[T], image: T, extractor: CenterNetExtractor) -> list[T]:
    """See `FeatureMaps`."""
    size = int(extractor.type.split("_")[2])
    scope = extractor.names("backbone", tf2="_base_model")
    if size in _SMALL:
        maps = resnet_v2(ops, image, scope, RESNETS[size])
    else:
        maps = resnet_v1(ops, image, scope, ResNetV1(size, _KERAS, "relu", "tf2", pooling="FIXED"))
    neck = extractor.names("neck", tf2="_feature_extractor_model", keras="feature_extractor_model")
    # The whole backbone is the first layer of the model that the neck belongs to.
    return [pyramid(ops, maps, Layers(neck, functional=True, start=1), Pyramid((256, 128, 64)))]


def image_multiple(type_: str) -> int:  # noqa: ARG001
    """See `Family`."""
    return 32
