"""The extra maps of plain SSD: what follows the last map of the backbone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from cfgtool.networks.necks.multi_resolution import Extra, multi_resolution
from cfgtool.networks.ops import Ops
from cfgtool.networks.ssd.extractor import SsdExtractor

T = TypeVar("T")

EXTRAS = (Extra(512), Extra(256), Extra(256), Extra(128))
"""The four maps after the two of the backbone."""
_POOLED = 5
"""Maps that PPN makes by pooling its first one."""


def extra_maps(
    ops: Ops[T],
    maps: Sequence[T],
    extractor: SsdExtractor,
    *,
    base: str,
    keras: str,
    tf1: str,
    generator: str = "feature_map_generator",
    extras: Sequence[Extra] | None = None,
) -> list[T]:
    """`num_layers` maps: those of the backbone and as many of the usual extra ones as are left; or all of
    `maps` and `extras`.

    `base` is the OD API's name of the last backbone layer, `keras` the Keras name of the extractor, `tf1` the
    scope below `FeatureExtractor`, `generator` the attribute that holds the layers in TF2.
    """
    if extras is None:
        count = extractor.config.integer("num_layers")
        maps, extras = maps[:count], EXTRAS[: max(count - len(maps), 0)]
    scope = extractor.names("neck", tf2=f"{generator}/convolutions", keras=f"{keras}/FeatureMaps", tf1=tf1)
    return multi_resolution(
        ops,
        maps,
        scope,
        extractor.hyper,
        base=base,
        extras=extras,
        depth_multiplier=extractor.depth_multiplier,
        min_depth=extractor.min_depth,
        use_depthwise=extractor.use_depthwise,
        padding=extractor.padding,
        generation=extractor.generation,
    )


def pooled_maps(ops: Ops[T], first: T) -> list[T]:
    """The maps of a pooling pyramid (PPN): `first`, and ever smaller maxima of it."""
    maps = [first]
    for _ in range(_POOLED):
        maps.append(ops.max_pool(maps[-1], 2, stride=2))
    return maps
