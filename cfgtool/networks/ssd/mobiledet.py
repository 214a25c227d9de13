"""SSD on MobileDet."""

from __future__ import annotations

from typing import TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.backbones.mobiledet import CPU, DSP, EDGE_TPU, GPU, HYPER, mobiledet
from cfgtool.networks.ops import Ops
from cfgtool.networks.ssd.extra_maps import EXTRAS, extra_maps
from cfgtool.networks.ssd.extractor import SsdExtractor

T = TypeVar("T")

_DEVICES = {
    "ssd_mobiledet_cpu": CPU,
    "ssd_mobiledet_dsp": DSP,
    "ssd_mobiledet_edgetpu": EDGE_TPU,
    "ssd_mobiledet_gpu": GPU,
}


def feature_maps(ops: Ops[T], image: T, extractor: SsdExtractor) -> list[T]:
    """See `FeatureMaps`; always six maps. Raises UserError for explicit padding."""
    if extractor.padding == "FIXED":
        raise UserError(
            f"feature extractor type {extractor.type!r} has no explicit padding",
            hint="delete use_explicit_padding",
        )
    device = _DEVICES[extractor.type]
    place = extractor.names("backbone", tf2="", tf1=device.scope)
    hyper = extractor.own_hyper(HYPER)
    maps = mobiledet(ops, image, place, hyper, device, extractor.depth_multiplier)
    return extra_maps(ops, maps, extractor, base="C5", keras="", tf1=device.scope, extras=EXTRAS)
