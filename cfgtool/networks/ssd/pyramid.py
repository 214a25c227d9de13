"""The feature pyramid of SSD's FPN types, from `SsdFeatureExtractor.fpn`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.necks.fpn import Settings, coarse_levels, top_down
from cfgtool.networks.ops import Ops
from cfgtool.networks.ssd.extractor import SsdExtractor

T = TypeVar("T")

TOP = 5
"""The coarsest level that comes from the backbone; level n has stride 2 ** n."""


def pyramid(
    ops: Ops[T],
    levels: Mapping[int, T],
    extractor: SsdExtractor,
    *,
    keras: str,
    tf1: str,
    first_number: int,
) -> list[T]:
    """The maps of the levels `fpn.min_level` to `fpn.max_level`, from the backbone's `levels` 2 to 5.

    `keras` is the Keras name of the extractor, `tf1` the scope below `FeatureExtractor`; the OD API numbers
    the coarse layers from `first_number`. Raises UserError for levels that do not fit.
    """
    fpn = extractor.config.message("fpn")
    first, last = fpn.integer("min_level"), fpn.integer("max_level")
    top = min(last, TOP)
    if not 2 <= first <= top:
        raise UserError(
            f"fpn.min_level {first} is not between 2 and {top}", hint="the usual levels are 3 to 7"
        )
    inputs = [levels[level] for level in range(first, top + 1)]
    if extractor.generation == "tf2":
        # Below a max_level of 5 the Keras extractor counts from the coarse end, and so takes other maps
        # than TF1.
        inputs = [levels[level] for level in range(2 + 3 - (top - first), 6)]
    settings = Settings(
        extractor.depth(fpn.integer("additional_layer_depth")),
        extractor.hyper,
        extractor.generation,
        extractor.use_depthwise,
        extractor.padding,
    )
    scope = extractor.names(
        "neck", tf2="_fpn_features_generator", keras=f"{keras}/FeatureMaps/top_down", tf1=f"{tf1}/fpn"
    )
    maps = top_down(ops, inputs, scope, settings)
    scope = extractor.names("neck", tf2="_coarse_feature_layers", keras=keras, tf1=f"{tf1}/fpn")
    coarse = range(top + 1, last + 1)
    return maps + coarse_levels(ops, maps[-1], scope, settings, levels=coarse, first_number=first_number)
