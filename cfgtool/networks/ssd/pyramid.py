"""The feature pyramid of SSD's FPN types, from `SsdFeatureExtractor.fpn`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from cfgtool.networks.necks.fpn import TOP, Settings, feature_pyramid, read_levels
from cfgtool.networks.ops import Ops
from cfgtool.networks.ssd.extractor import SsdExtractor

T = TypeVar("T")


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
    fpn = read_levels(extractor.config.message("fpn"))
    inputs = [levels[level] for level in range(fpn.first, fpn.top + 1)]
    # Below a max_level of 5 the Keras extractor counts from the coarse end, and so takes other maps than TF1.
    lowest = TOP - (fpn.top - fpn.first)
    if extractor.generation == "tf2":
        inputs = [levels[level] for level in range(lowest, TOP + 1)]
    settings = Settings(
        extractor.depth(fpn.depth),
        extractor.hyper,
        extractor.generation,
        extractor.use_depthwise,
        extractor.padding,
    )
    fine = extractor.names(
        "neck", tf2="_fpn_features_generator", keras=f"{keras}/FeatureMaps/top_down", tf1=f"{tf1}/fpn"
    )
    if lowest != fpn.first:
        what = f"TF1 builds the feature pyramid on level {fpn.first} to {fpn.top}, TF2 on {lowest} to {TOP}"
        ops.differs(fine, what)
    coarse = extractor.names("neck", tf2="_coarse_feature_layers", keras=keras, tf1=f"{tf1}/fpn")
    return feature_pyramid(ops, inputs, (fine, coarse), settings, fpn, first_number=first_number)
