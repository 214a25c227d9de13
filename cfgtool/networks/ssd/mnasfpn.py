"""SSD on MobileNet V2 with MnasFPN."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.backbones.mobilenet_v2 import Widths, mobilenet_v2
from cfgtool.networks.blocks import normalize
from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.necks.mnasfpn import LEVELS, Settings, mnasfpn, shrink
from cfgtool.networks.ops import BatchNorm, Ops, Weights
from cfgtool.networks.ssd.extractor import SsdExtractor
from cfgtool.networks.variables import Initializer

T = TypeVar("T")

_NORM = BatchNorm(decay=0.99, epsilon=0.01)
_HE = Initializer("variance_scaling", factor=2.0, mode="fan_in")
_DEPTHWISE = Initializer("truncated_normal", stddev=0.536)
"""He's initialisation of a 3x3 kernel with the fan of one filter."""
_BACKBONE_L2, _NECK_L2 = 0.00004, 0.0001


def feature_maps(ops: Ops[T], image: T, extractor: SsdExtractor) -> list[T]:
    """See `FeatureMaps`; the hyperparams of the config reach none of these layers. Raises UserError for
    other levels than 3 to 6 and for images whose size does not halve evenly.
    """
    fpn = extractor.config.message("fpn")
    if (fpn.integer("min_level"), fpn.integer("max_level")) != (LEVELS[0], LEVELS[-1]):
        raise UserError(
            f"{extractor.type} has the levels {LEVELS[0]} to {LEVELS[-1]} only",
            hint=f"set fpn {{ min_level: {LEVELS[0]} max_level: {LEVELS[-1]} }}",
        )
    widths = Widths("tf1", extractor.depth_multiplier, extractor.min_depth)
    hyper = extractor.own_hyper(Hyperparams(Weights(_HE, l2=_BACKBONE_L2), _NORM, "relu_6", bias=False))
    backbone = mobilenet_v2(
        ops,
        image,
        extractor.names("backbone", tf2="", tf1="MobilenetV2"),
        hyper,
        widths=widths,
        depthwise=Weights(_DEPTHWISE, l2=_BACKBONE_L2),
        padding=extractor.padding,
        last_filters=None,
    )
    maps = [backbone[f"block_{number}"] for number in (5, 12, 16)]
    scope = extractor.names("neck", tf2="", tf1="MnasFPN")
    hyper = hyper._replace(weights=Weights(_HE, l2=_NECK_L2))
    filters = fpn.integer("additional_layer_depth")
    explicit = extractor.padding == "FIXED"
    x = shrink(ops, maps[-1], 2, explicit=explicit)
    layer = scope.child("coarse_6", tf1="C6_Conv1x1")
    # This one kernel is not regularised.
    x = ops.conv(x, layer, widths.block(filters), 1, weights=Weights(_HE))
    x = normalize(ops, x, layer.child("batch_norm", tf1="BatchNorm"), hyper.norm)
    maps.append(x)
    _check_sizes([ops.shape(each) for each in maps])
    settings = Settings(hyper, Weights(_DEPTHWISE, l2=_NECK_L2), filters, widths.block, explicit)
    return mnasfpn(ops, maps, scope, settings)


def _check_sizes(shapes: Sequence[tuple[int | None, ...]]) -> None:
    """Raise UserError where a map is not exactly half as high and wide as the one before."""
    for fine, coarse in pairwise(shapes):
        for large, small in zip(fine[1:3], coarse[1:3], strict=True):
            if large is not None and small is not None and large != 2 * small:
                raise UserError(
                    f"maps of {large} and {small} pixels do not fit in a MnasFPN",
                    hint="give images a multiple of 64 pixels, or set pad_to_multiple: 64",
                )
