"""Faster R-CNN on ResNet V1 with a feature pyramid (Lin et al. 2017, arXiv:1612.03144, section 4), in TF2 only."""

from __future__ import annotations

from typing import TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.backbones.resnet_v1 import ResNetV1, overridden, own_hyper, resnet_v1, size_in
from cfgtool.networks.faster_rcnn.extractor import FasterRcnnExtractor
from cfgtool.networks.hyperparams import Hyperparams, read_hyperparams
from cfgtool.networks.names import Layers
from cfgtool.networks.necks.fpn import Levels, Settings, feature_pyramid, read_levels
from cfgtool.networks.ops import GLOROT, ZEROS, Ops

T = TypeVar("T")

_USUAL_LEVELS = Levels(2, 6, 256)
"""The levels without a message `fpn`."""
_UNITS = 1024
_MULTIPLE = 32
_KERAS = "private__resnet_fpn"


def proposal_features(ops: Ops[T], image: T, extractor: FasterRcnnExtractor) -> list[T]:
    """See `ProposalFeatures`. The image is padded to a multiple of 32, whatever `pad_to_multiple` says.

    Raises UserError for settings that the OD API's extractors refuse.
    """
    if extractor.stride not in (8, 16):
        raise UserError(
            f"{extractor.type} has no first_stage_features_stride {extractor.stride}",
            hint="set first_stage_features_stride: 16; it has no effect on a feature pyramid",
        )
    hyper = _hyper(extractor)
    config = extractor.config
    inner, output = own_hyper("tf2", train=extractor.trains_norms), "relu"
    if config.flag("override_base_feature_extractor_hyperparams"):
        inner, output = overridden(hyper, "tf2")
    levels = read_levels(config.message("fpn")) if config.has("fpn") else _USUAL_LEVELS
    scope = extractor.names("backbone", stage=1, tf2="classification_backbone")
    network = ResNetV1(size_in(extractor.type), inner, output, "tf2")
    blocks = resnet_v1(ops, ops.pad_to_multiple(image, _MULTIPLE), scope, network)
    fine = extractor.names(
        "neck", stage=1, tf2="fpn_features_generator", keras=f"{_KERAS}/FeatureMaps/top_down"
    )
    coarse = extractor.names("neck", stage=1, tf2="coarse_feature_layers", keras=_KERAS)
    return feature_pyramid(
        ops,
        blocks[levels.first - 2 : levels.top - 1],
        (fine, coarse),
        Settings(levels.depth, hyper, "tf2"),
        levels,
        first_number=5,
        label="bottom_up_block",
    )


def box_features(ops: Ops[T], crops: T, extractor: FasterRcnnExtractor) -> T:
    """See `BoxFeatures`: two fully connected layers, [crops, 1, 1, 1024]."""
    norm = _hyper(extractor).norm
    layers = Layers(extractor.names("box_backbone", stage=2), functional=True)
    x = ops.reshape(crops, (1, 1, -1))
    layer = layers.next("dense_0", keras="dense", tf1="")
    x = ops.activation(ops.dense(x, layer, _UNITS, weights=GLOROT, bias=ZEROS), "relu")
    if norm is not None:
        layer = layers.next("dense_0/batch_norm", keras="freezable_batch_norm", tf1="")
        x = ops.batch_norm(x, layer, norm._replace(sample=False))
    layer = layers.next("dense_1", keras="dense_1", tf1="")
    return ops.activation(ops.dense(x, layer, _UNITS, weights=GLOROT, bias=ZEROS), "relu")


def _hyper(extractor: FasterRcnnExtractor) -> Hyperparams:
    if not extractor.config.has("conv_hyperparams"):
        raise UserError(
            f"{extractor.type} needs conv_hyperparams", hint="add conv_hyperparams to the feature extractor"
        )
    hyper = extractor.config.message("conv_hyperparams")
    return read_hyperparams(hyper, "tf2", freeze_batchnorm=not extractor.trains_norms)
