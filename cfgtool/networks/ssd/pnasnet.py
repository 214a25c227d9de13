"""SSD on PNASNet-5."""

from __future__ import annotations

from typing import TypeVar

from cfgtool.networks.backbones.nasnet import PNASNET, SLIM_WEIGHTS, Builder, cells, stem
from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.ops import BatchNorm, Ops
from cfgtool.networks.ssd.extra_maps import extra_maps
from cfgtool.networks.ssd.extractor import SsdExtractor

T = TypeVar("T")

_OWN = Hyperparams(
    SLIM_WEIGHTS,
    BatchNorm(),
    "relu",
    bias=False,
)
"""Slim's own settings, without an override."""
_MAPS = (7, 11)
"""The cells whose outputs are feature maps, of strides 16 and 32."""


def feature_maps(ops: Ops[T], image: T, extractor: SsdExtractor) -> list[T]:
    """See `FeatureMaps`."""
    hyper = extractor.hyper if extractor.overrides else extractor.own_hyper(_OWN)
    builder = Builder(extractor.names("backbone", tf2=""), hyper, extractor.overrides)
    outputs = stem(ops, image, builder, PNASNET)
    outputs = cells(ops, outputs, builder, PNASNET, range(PNASNET.cells))
    return extra_maps(
        ops,
        [outputs[number] for number in _MAPS],
        extractor,
        base="Cell_11",
        keras="",
        tf1="SSD_feature_maps",
    )
