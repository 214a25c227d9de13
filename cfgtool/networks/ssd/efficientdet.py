"""EfficientDet (Tan et al. 2020, arXiv:1911.09070): SSD on EfficientNet with a bidirectional feature pyramid."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.backbones.efficientnet import L2, efficientnet
from cfgtool.networks.necks.bifpn import COMBINE, Combine, Settings, bifpn
from cfgtool.networks.ops import Ops
from cfgtool.networks.ssd.extractor import SsdExtractor

T = TypeVar("T")

_LEVELS = {1: (0, 0), 2: (1, 1), 3: (2, 1), 4: (4, 2), 5: (6, 0)}
"""The block whose output is the map of a level. They are the last of their stages in B0; the OD API takes the
same ones in the deeper versions, whose last stage it so leaves unused from its second block on.
"""
_TOP = 5


class _Pyramid(NamedTuple):
    """The settings of a `bifpn` message."""

    passes: int
    filters: int
    combine: Combine = "fast_attention"
    min_level: int = 3
    max_level: int = 7


_PRESETS = {
    "b0": ("EfficientDet-D0", _Pyramid(3, 64)),
    "b1": ("EfficientDet-D1", _Pyramid(4, 88)),
    "b2": ("EfficientDet-D2", _Pyramid(5, 112)),
    "b3": ("EfficientDet-D3", _Pyramid(6, 160)),
    "b4": ("EfficientDet-D4", _Pyramid(7, 224)),
    "b5": ("EfficientDet-D5", _Pyramid(7, 288)),
    "b6": ("EfficientDet-D6-D7", _Pyramid(8, 384, "sum")),
    "b7": ("EfficientNet-B7_BiFPN", _Pyramid(8, 384, "sum")),
}
"""Keras name, and pyramid without a `bifpn` message, by version of the backbone."""

_COARSEST = 20
"""Levels above it are beyond every image."""
_UNWEIGHTED_L2 = 0.02
"""The penalty that Keras takes where it is told none."""


def feature_maps(ops: Ops[T], image: T, extractor: SsdExtractor) -> list[T]:
    """See `FeatureMaps`. Raises UserError for settings that EfficientDet does not have and for levels that
    do not fit.

    `freeze_batchnorm` does not reach the backbone, and of the overriding hyperparams only the penalty does.
    """
    for name, only in (("depth_multiplier", 1.0), ("use_depthwise", False), ("use_explicit_padding", False)):
        if extractor.config.value(name) != only:
            raise UserError(
                f"feature extractor type {extractor.kind.type!r} cannot have {name}",
                hint=f"remove {name}; the types b0 to b7 are the sizes of the network",
            )
    version = extractor.type.removeprefix("ssd_efficientnet-").removesuffix("_bifpn")
    keras, preset = _PRESETS[version]
    pyramid = _read_pyramid(extractor, preset)
    blocks = efficientnet(
        ops,
        image,
        extractor.names("backbone", tf2="_efficientnet"),
        extractor.names("backbone", tf2="classification_backbone"),
        version=version,
        last=_LEVELS[_TOP],
        l2=_backbone_l2(extractor),
    )
    return bifpn(
        ops,
        {level: blocks[_LEVELS[level]] for level in range(pyramid.min_level, _TOP + 1)},
        extractor.names("neck", tf2="_bifpn_stage", keras=f"{keras}/bifpn"),
        Settings(max(pyramid.filters, extractor.min_depth), pyramid.combine, extractor.hyper),
        max_level=pyramid.max_level,
        passes=pyramid.passes,
    )


def _read_pyramid(extractor: SsdExtractor, preset: _Pyramid) -> _Pyramid:
    """The pyramid of the config, or `preset`; a `bifpn` message without a number means 0, as in the OD API."""
    if not extractor.config.has("bifpn"):
        return preset
    config = extractor.config.message("bifpn")
    combine = config.text("combine_method")
    if combine not in COMBINE:
        raise UserError(f"unknown bifpn.combine_method {combine!r}", hint=f"known are {', '.join(COMBINE)}")
    pyramid = _Pyramid(
        config.integer("num_iterations"),
        config.integer("num_filters"),
        COMBINE[combine],
        config.integer("min_level"),
        config.integer("max_level"),
    )
    way_out = "the usual levels are 3 to 7"
    if not 1 <= pyramid.min_level <= _TOP:
        raise UserError(f"bifpn.min_level {pyramid.min_level} is not between 1 and {_TOP}", hint=way_out)
    if not _TOP < pyramid.max_level <= _COARSEST:
        raise UserError(
            f"bifpn.max_level {pyramid.max_level} is not between {_TOP + 1} and {_COARSEST}", hint=way_out
        )
    for name, number in (
        ("num_iterations", pyramid.passes),
        ("num_filters", max(pyramid.filters, extractor.min_depth)),
    ):
        if number < 1:
            raise UserError(
                f"bifpn has {name} {config.integer(name)}",
                hint=f"set {name}, or remove bifpn for the {preset.passes} iterations of {preset.filters} "
                "filters of the type",
            )
    return pyramid


def _backbone_l2(extractor: SsdExtractor) -> float:
    if not extractor.overrides:
        return L2
    regularizer = extractor.config.message("conv_hyperparams").message("regularizer")
    if regularizer.which("regularizer_oneof") is None:
        return _UNWEIGHTED_L2
    # The backbone has an L2 penalty whatever the config asks for; an L1 weight is taken for one without the half.
    return extractor.hyper.weights.l2 + 2.0 * extractor.hyper.weights.l1
