"""Faster R-CNN on ResNet V1 (He et al. 2015, arXiv:1512.03385, appendix A): the blocks 1 to 3 are the first stage,
block 4 is the second.
"""

from __future__ import annotations

from typing import TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.backbones.resnet_v1 import ResNetV1, block, own_hyper, size_in, stem
from cfgtool.networks.faster_rcnn.extractor import FasterRcnnExtractor
from cfgtool.networks.names import Layers
from cfgtool.networks.ops import Ops

T = TypeVar("T")


def proposal_features(ops: Ops[T], image: T, extractor: FasterRcnnExtractor) -> list[T]:
    """See `ProposalFeatures`. Raises UserError for settings that the OD API's extractors refuse."""
    _check(extractor)
    network = _network(extractor)
    layers = Layers(extractor.names("backbone", stage=1, tf1=network.scope), functional=True)
    x = stem(ops, image, layers, network)
    if extractor.generation == "tf2":
        x = block(ops, x, layers, 1, network)
        x = block(ops, x, layers, 2, network, entry=2)
        return [block(ops, x, layers, 3, network, entry=2)]
    # A block that may not make the map smaller passes its stride on, as dilation of the blocks behind it.
    atrous = extractor.stride == 8
    x = block(ops, x, layers, 1, network, leave=2)
    x = block(ops, x, layers, 2, network, leave=1 if atrous else 2)
    x = block(ops, x, layers, 3, network, dilation=2 if atrous else 1)
    _unused_block(ops, x, extractor, network)
    return [x]


def box_features(ops: Ops[T], crops: T, extractor: FasterRcnnExtractor) -> T:
    """See `BoxFeatures`. Keras keeps the stride of the block, slim does not."""
    network = _network(extractor)
    scope = extractor.names("box_backbone", stage=2, tf1=network.scope)
    ops.differs(scope, "the second stage's block keeps the size of the crop in TF1, and halves it in TF2")
    layers = Layers(scope, functional=True)
    return block(ops, crops, layers, 4, network, entry=2 if extractor.generation == "tf2" else 1)


def _network(extractor: FasterRcnnExtractor, *, trains: bool = True) -> ResNetV1:
    hyper = own_hyper(extractor.generation, decay=0.0, train=trains and extractor.trains_norms)
    return ResNetV1(size_in(extractor.type), hyper, "relu", extractor.generation)


def _unused_block(ops: Ops[T], x: T, extractor: FasterRcnnExtractor, network: ResNetV1) -> None:
    """Slim's first stage has the variables of block 4 too. Nothing depends on them, so one pixel will do."""
    scope = extractor.names("backbone", stage=1, tf1=network.scope)._replace(tf2=None, keras=None)
    block(ops, ops.global_mean(x), Layers(scope), 4, _network(extractor, trains=False))


def _check(extractor: FasterRcnnExtractor) -> None:
    strides = (8, 16) if extractor.generation == "tf1" else (16,)
    if extractor.stride not in strides:
        raise UserError(
            f"{extractor.type} has no first_stage_features_stride {extractor.stride} in"
            f" {extractor.generation.upper()}",
            hint=f"set first_stage_features_stride: {' or '.join(map(str, strides))}",
        )
    for name in ("conv_hyperparams", "fpn"):
        # TF1 ignores these, TF2 cannot build an extractor that is given them.
        if extractor.generation == "tf2" and extractor.config.has(name):
            raise UserError(f"{extractor.kind.type} takes no {name}", hint=f"remove {name}")
