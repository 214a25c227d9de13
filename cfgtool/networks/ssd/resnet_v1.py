"""SSD on ResNet V1: with a feature pyramid (RetinaNet, Lin et al. 2017, arXiv:1708.02002), and with pooled
maps.
"""

from __future__ import annotations

from typing import TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.backbones.resnet_v1 import (
    ResNetV1,
    overridden,
    override_differences,
    own_hyper,
    resnet_v1,
    size_in,
)
from cfgtool.networks.blocks import Unit, conv_unit
from cfgtool.networks.names import Layers
from cfgtool.networks.necks.fpn import Levels, Settings, configured_levels, feature_pyramid, read_levels
from cfgtool.networks.ops import Ops
from cfgtool.networks.ssd.extra_maps import pooled_maps
from cfgtool.networks.ssd.extractor import SsdExtractor

T = TypeVar("T")

_KERAS_LEVELS = Levels(3, 7, 256)
_POOLED_DEPTH = 1024


def feature_maps(ops: Ops[T], image: T, extractor: SsdExtractor) -> list[T]:
    """See `FeatureMaps`. Raises UserError for settings that the OD API's extractors refuse."""
    if extractor.config.has("num_layers"):
        raise UserError(f"{extractor.type} takes no num_layers", hint="remove num_layers")
    pooled = extractor.type.endswith("_ppn")
    if pooled and extractor.depth_multiplier != 1:
        raise UserError(
            f"{extractor.type} has no depth_multiplier {extractor.depth_multiplier:g}",
            hint="set depth_multiplier: 1.0",
        )
    network = _network(extractor, pooled=pooled)
    scope = extractor.names("backbone", tf2="classification_backbone", tf1=network.scope)
    for what in override_differences(extractor.hyper) if extractor.overrides else ():
        ops.differs(scope, what)
    blocks = resnet_v1(ops, image, scope, network)
    if pooled:
        return _pooled(ops, blocks[2], extractor, network)
    return _pyramid(ops, blocks, extractor, network)


def _network(extractor: SsdExtractor, *, pooled: bool) -> ResNetV1:
    generation = extractor.generation
    own = ResNetV1(
        size_in(extractor.type), own_hyper(generation, train=not extractor.freeze), "relu", generation
    )
    if pooled:
        # It loses the override on the way to the backbone, as well as min_depth.
        return own
    own = own._replace(depth_multiplier=extractor.depth_multiplier, min_depth=extractor.min_depth)
    if not extractor.overrides:
        return own
    hyper, output = overridden(extractor.hyper, generation)
    return own._replace(hyper=hyper, output=output)


def _pyramid(ops: Ops[T], blocks: list[T], extractor: SsdExtractor, network: ResNetV1) -> list[T]:
    """The maps of a feature pyramid; `use_depthwise` has no effect on it."""
    slim = extractor.generation == "tf1"
    if slim and extractor.padding == "FIXED":
        raise UserError(
            f"{extractor.type} cannot have use_explicit_padding", hint="remove use_explicit_padding"
        )
    # The Keras types take the message but do not hand it on.
    fpn = extractor.config.message("fpn")
    levels = read_levels(fpn) if slim else _KERAS_LEVELS
    settings = Settings(extractor.depth(levels.depth), extractor.hyper, extractor.generation)
    keras, tf1 = f"ResNet{network.size}V1_FPN", f"{network.scope}/fpn"
    fine = extractor.names(
        "neck", tf2="_fpn_features_generator", keras=f"{keras}/FeatureMaps/top_down", tf1=tf1
    )
    coarse = extractor.names("neck", tf2="_coarse_feature_layers", keras=keras, tf1=tf1)
    if configured_levels(fpn) != _KERAS_LEVELS:
        ops.differs(fine, "the pyramid follows the message fpn in TF1, and has the levels 3 to 7 in TF2")
    inputs = blocks[levels.first - 2 : levels.top - 1]
    return feature_pyramid(
        ops, inputs, (fine, coarse), settings, levels, first_number=5, label="bottom_up_block"
    )


def _pooled(ops: Ops[T], x: T, extractor: SsdExtractor, network: ResNetV1) -> list[T]:
    """The maps of a pooling pyramid: a 1x1 convolution, and ever smaller maxima of its output."""
    label = f"Base_Conv2d_1x1_{_POOLED_DEPTH}"
    layers = Layers(extractor.names("neck", tf2="", tf1=network.scope))
    unit = Unit("base", label, f"{label}_batchnorm", label)
    return pooled_maps(ops, conv_unit(ops, x, layers, unit, extractor.hyper, _POOLED_DEPTH, 1))
