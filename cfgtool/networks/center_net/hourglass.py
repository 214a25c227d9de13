"""CenterNet on hourglass networks, each followed by heads of its own (`hourglass_10` to `hourglass_104`)."""

from __future__ import annotations

from typing import TypeVar

from cfgtool.networks.backbones.hourglass import HOURGLASSES, Hourglass, hourglass
from cfgtool.networks.center_net.extractor import CenterNetExtractor
from cfgtool.networks.ops import Ops

T = TypeVar("T")


def feature_maps(ops: Ops[T], image: T, extractor: CenterNetExtractor) -> list[T]:
    """See `FeatureMaps`."""
    scope = extractor.names("backbone", tf2="_network", keras="hourglass_network")
    return hourglass(ops, image, scope, _network(extractor.type))


def image_multiple(type_: str) -> int:
    """See `Family`."""
    return _network(type_).stride


def _network(type_: str) -> Hourglass:
    return HOURGLASSES[int(type_.removeprefix("hourglass_"))]
