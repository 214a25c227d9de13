"""Faster R-CNN on Inception V2."""

from __future__ import annotations

from typing import Literal, TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.backbones.inception import Builder
from cfgtool.networks.backbones.inception_v2 import first_part, last_part
from cfgtool.networks.faster_rcnn.extractor import FasterRcnnExtractor
from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.ops import GLOROT, BatchNorm, Ops

T = TypeVar("T")


def proposal_features(ops: Ops[T], image: T, extractor: FasterRcnnExtractor) -> list[T]:
    """See `ProposalFeatures`. Raises UserError for a stride other than 8 and 16, although both give the same."""
    if extractor.stride not in (8, 16):
        raise UserError(
            f"{extractor.type} cannot have a first_stage_features_stride of {extractor.stride}",
            hint="write 8 or 16",
        )
    return [first_part(ops, image, _builder(extractor, "backbone", 1))["Mixed_4e"]]


def box_features(ops: Ops[T], crops: T, extractor: FasterRcnnExtractor) -> T:
    """See `BoxFeatures`."""
    return last_part(ops, crops, _builder(extractor, "box_backbone", 2))


def _builder(extractor: FasterRcnnExtractor, name: str, stage: Literal[1, 2]) -> Builder:
    # The hyperparams of the config do not reach this backbone, and nothing is added to the loss for it.
    hyper = Hyperparams(GLOROT, BatchNorm(train=extractor.trains_norms), "relu", bias=False)
    return Builder(extractor.names(name, stage=stage, tf1="InceptionV2"), hyper, lambda depth: depth)
