"""SSD on Inception V2 and V3."""

from __future__ import annotations

from typing import TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.backbones.inception import Builder
from cfgtool.networks.backbones.inception_v2 import first_part, last_part
from cfgtool.networks.backbones.inception_v3 import inception_v3
from cfgtool.networks.ops import Ops
from cfgtool.networks.ssd.extra_maps import EXTRAS, extra_maps
from cfgtool.networks.ssd.extractor import SsdExtractor

T = TypeVar("T")


def feature_maps(ops: Ops[T], image: T, extractor: SsdExtractor) -> list[T]:
    """See `FeatureMaps`. Raises UserError without an override of the hyperparams, which the OD API demands."""
    if not extractor.overrides:
        raise UserError(
            f"feature extractor type {extractor.type!r} needs the hyperparams of the config for its backbone",
            hint="set override_base_feature_extractor_hyperparams: true",
        )
    second = extractor.type == "ssd_inception_v2"
    scope = "InceptionV2" if second else "InceptionV3"
    place = extractor.names("backbone", tf2="", tf1=scope)
    builder = Builder(place, extractor.hyper, extractor.depth)
    if second:
        blocks = first_part(ops, image, builder)
        maps = {"Mixed_4c": blocks["Mixed_4c"], "Mixed_5c": last_part(ops, blocks["Mixed_4e"], builder)}
    else:
        blocks = inception_v3(ops, image, builder)
        maps = {name: blocks[name] for name in ("Mixed_5d", "Mixed_6e", "Mixed_7c")}
    count = extractor.config.integer("num_layers")
    extras = EXTRAS if second else (EXTRAS[0], EXTRAS[1], EXTRAS[3])
    return extra_maps(
        ops,
        list(maps.values())[:count],
        extractor,
        base=list(maps)[-1],
        keras="",
        tf1=scope,
        extras=extras[: max(count - len(maps), 0)],
    )
