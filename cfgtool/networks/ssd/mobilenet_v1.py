"""SSD on MobileNet V1: plain, with a feature pyramid, with pooled maps, and the embedded form."""

from __future__ import annotations

from typing import TypeVar

from cfgtool.networks.backbones.mobilenet_v1 import mobilenet_v1
from cfgtool.networks.hyperparams import MOBILENET
from cfgtool.networks.necks.multi_resolution import Extra
from cfgtool.networks.ops import Ops
from cfgtool.networks.ssd.extra_maps import extra_maps, pooled_maps
from cfgtool.networks.ssd.extractor import SsdExtractor
from cfgtool.networks.ssd.pyramid import pyramid

T = TypeVar("T")

_EMBEDDED_EXTRAS = (Extra(512), Extra(256), Extra(256, kernel=2))


def feature_maps(ops: Ops[T], image: T, extractor: SsdExtractor) -> list[T]:
    """See `FeatureMaps`."""
    with_pyramid = extractor.type == "ssd_mobilenet_v1_fpn"
    hyper = extractor.own_hyper(MOBILENET)
    if extractor.overrides:
        hyper = extractor.hyper._replace(bias=False) if extractor.generation == "tf2" else extractor.hyper
    blocks = mobilenet_v1(
        ops,
        image,
        extractor.names("backbone", tf2="classification_backbone", tf1="MobilenetV1"),
        hyper,
        depth_multiplier=extractor.depth_multiplier,
        min_depth=extractor.min_depth,
        padding=extractor.padding,
        narrow_end=with_pyramid and extractor.use_depthwise,
        generation=extractor.generation,
    )
    if with_pyramid:
        levels = {2: blocks[3], 3: blocks[5], 4: blocks[11], 5: blocks[13]}
        keras = "ssd_mobile_net_v1_fpn_keras_feature_extractor"
        return pyramid(ops, levels, extractor, keras=keras, tf1="MobilenetV1", first_number=14)
    if extractor.type == "ssd_mobilenet_v1_ppn":
        return pooled_maps(ops, blocks[11])
    return extra_maps(
        ops,
        [blocks[11], blocks[13]],
        extractor,
        base="Conv2d_13_pointwise",
        keras="ssd_mobile_net_v1_keras_feature_extractor",
        tf1="MobilenetV1",
        generator="_feature_map_generator",
        extras=_EMBEDDED_EXTRAS if extractor.type == "embedded_ssd_mobilenet_v1" else None,
    )
