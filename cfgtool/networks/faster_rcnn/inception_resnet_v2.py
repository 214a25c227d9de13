"""Faster R-CNN on Inception-ResNet-v2."""

from __future__ import annotations

from typing import TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.backbones.inception_resnet_v2 import first_part, second_part
from cfgtool.networks.faster_rcnn.extractor import FasterRcnnExtractor
from cfgtool.networks.ops import Ops, Padding

T = TypeVar("T")


def proposal_features(ops: Ops[T], image: T, extractor: FasterRcnnExtractor) -> list[T]:
    """See `ProposalFeatures`. Raises UserError for a stride other than 8 and 16."""
    if extractor.stride not in (8, 16):
        raise UserError(
            f"{extractor.type} cannot have a first_stage_features_stride of {extractor.stride}",
            hint="write 8 or 16",
        )
    scope = extractor.names("backbone", stage=1, tf1="InceptionResnetV2")
    return [first_part(ops, image, scope, stride=extractor.stride, trains_norms=extractor.trains_norms)]


def box_features(ops: Ops[T], crops: T, extractor: FasterRcnnExtractor) -> T:
    """See `BoxFeatures`. Raises UserError for stride 8 in TF2, where the branches of the reduction have different
    sizes, and for crops that it leaves nothing of.
    """
    slim = extractor.generation == "tf1"
    if extractor.stride == 8 and not slim:
        raise UserError(
            f"the second stage of {extractor.type} cannot run at first_stage_features_stride 8 in TF2",
            hint="write 16, or number_of_stages: 1",
        )
    size = ops.shape(crops)[1:3]
    if slim and any(edge is not None and edge < 3 for edge in size):
        raise UserError(
            f"{extractor.type} needs crops of 3 x 3 or more, not {size[0]} x {size[1]}",
            hint="raise initial_crop_size or lower maxpool_stride",
        )
    scope = extractor.names("box_backbone", stage=2, tf1="InceptionResnetV2")
    ops.differs(scope, "the second stage's reduction stays inside the crop in TF1, and is padded in TF2")
    # Slim's reduction stays inside the crop, Keras' was aligned with the first stage's.
    padding: Padding = "VALID" if slim else "SAME"
    return second_part(ops, crops, scope, padding=padding, trains_norms=extractor.trains_norms)
