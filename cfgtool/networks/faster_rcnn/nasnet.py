"""Faster R-CNN on NASNet-A and PNASNet-5."""

from __future__ import annotations

from typing import Literal, TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.backbones.nasnet import NASNET, PNASNET, SLIM_WEIGHTS, Builder, Network, cells, stem
from cfgtool.networks.faster_rcnn.extractor import FasterRcnnExtractor
from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.ops import BatchNorm, Ops

T = TypeVar("T")

_STRIDE = 16
_CROPPED = 2
"""The outputs of so many cells, side by side, are what boxes are cropped from."""


def proposal_features(ops: Ops[T], image: T, extractor: FasterRcnnExtractor) -> list[T]:
    """See `ProposalFeatures`. Raises UserError for a stride other than 16."""
    if extractor.stride != _STRIDE:
        raise UserError(
            f"{extractor.type} cannot have a first_stage_features_stride of {extractor.stride}",
            hint="write 16",
        )
    network, builder = _network(extractor), _builder(extractor, "backbone", 1)
    outputs = stem(ops, image, builder, network)
    outputs = cells(ops, outputs, builder, network, range(network.reductions[-1]))
    return [ops.concat(outputs[-_CROPPED:], axis=3)]


def box_features(ops: Ops[T], crops: T, extractor: FasterRcnnExtractor) -> T:
    """See `BoxFeatures`."""
    network, builder = _network(extractor), _builder(extractor, "box_backbone", 2)
    outputs = ops.split(crops, _CROPPED)
    outputs = cells(ops, outputs, builder, network, range(network.reductions[-1], network.cells))
    return ops.activation(outputs[-1], "relu")


def _network(extractor: FasterRcnnExtractor) -> Network:
    return NASNET if extractor.type == "faster_rcnn_nas" else PNASNET


def _builder(extractor: FasterRcnnExtractor, name: str, stage: Literal[1, 2]) -> Builder:
    hyper = Hyperparams(SLIM_WEIGHTS, BatchNorm(train=extractor.trains_norms), "relu", bias=False)
    return Builder(extractor.names(name, stage=stage), hyper)
