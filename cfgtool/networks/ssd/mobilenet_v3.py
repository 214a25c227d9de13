"""SSD on MobileNet V3 and on MobileNet EdgeTPU."""

from __future__ import annotations

from typing import TypeVar

from cfgtool.networks.backbones.mobilenet_v3 import EDGE_TPU, LARGE, SMALL, Network, Settings, mobilenet_v3
from cfgtool.networks.hyperparams import MOBILENET
from cfgtool.networks.ops import Ops
from cfgtool.networks.ssd.extra_maps import extra_maps
from cfgtool.networks.ssd.extractor import SsdExtractor

T = TypeVar("T")

_TYPES: dict[str, tuple[Network, str, tuple[str, str], str]] = {
    "ssd_mobilenet_v3_large": (LARGE, "MobilenetV3", ("block_12_expand", "last"), "layer_17"),
    "ssd_mobilenet_v3_small": (SMALL, "MobilenetV3", ("block_8_expand", "last"), "layer_13"),
    "ssd_mobilenet_edgetpu": (EDGE_TPU, "MobilenetEdgeTPU", ("block_16_expand", "block_21"), "layer_23"),
}
"""Network, TF1 scope, the two maps of strides 16 and 32, and the OD API's name of the second."""


def feature_maps(ops: Ops[T], image: T, extractor: SsdExtractor) -> list[T]:
    """See `FeatureMaps`."""
    network, scope, maps, base = _TYPES[extractor.type]
    hyper = extractor.hyper if extractor.overrides else extractor.own_hyper(MOBILENET)
    settings = Settings(
        hyper,
        # On its own slim does not regularise the depthwise kernels of MobileNets.
        hyper.weights if extractor.overrides else hyper.weights._replace(l2=0.0),
        extractor.padding,
        extractor.depth_multiplier,
        extractor.min_depth,
    )
    place = extractor.names("backbone", tf2="", tf1=scope)
    backbone = mobilenet_v3(ops, image, place, settings, network)
    return extra_maps(ops, [backbone[name] for name in maps], extractor, base=base, keras="", tf1=scope)
