"""Models of the meta-architecture Faster R-CNN, with and without pyramid and masks.

The numbers are those of the papers (Faster R-CNN: arXiv:1506.01497, FPN: arXiv:1612.03144, Mask R-CNN:
arXiv:1703.06870) and of the published models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.creating.blocks import Block, numbers
from cfgtool.creating.pieces import RESIDUAL, SQUARE_AND_TWO_TO_ONE, convolutions, suppression

if TYPE_CHECKING:
    from cfgtool.creating.recipes import Wanted

NORM_BATCH = 16
"""From this many images on batch norm of the backbone may learn; below, that of the start checkpoint is better."""
MASK_EDGE = 33


class _Crops(NamedTuple):
    """How a proposal is cut out of the features: edge of the crop, then window and stride of a max pool."""

    edge: int
    window: int


RESNET_CROPS = _Crops(14, 2)
INCEPTION_CROPS = _Crops(17, 1)


def resnet(layers: int, wanted: Wanted, *, masks: bool = False) -> Block:
    """Faster R-CNN on a ResNet of 50, 101 or 152 layers, without a pyramid."""
    extractor = _extractor(f"faster_rcnn_resnet{layers}_keras", wanted)
    # The published networks have one box for all classes at square sizes, and one for each class at 800x1333.
    one_box = wanted.square and not masks
    return _faster_rcnn(wanted, extractor, _grid_anchors(), RESNET_CROPS, masks=masks, one_box=one_box)


def resnet_fpn(layers: int, wanted: Wanted) -> Block:
    """Faster R-CNN on a feature pyramid of a ResNet."""
    extractor = _extractor(
        f"faster_rcnn_resnet{layers}_fpn_keras",
        wanted,
        Block("fpn", "min_level: 2", "max_level: 6"),
        convolutions(RESIDUAL, "truncated_normal", RESIDUAL.spread),
        "override_base_feature_extractor_hyperparams: true",
    )
    return _faster_rcnn(wanted, extractor, _pyramid_anchors(), RESNET_CROPS)


def inception_resnet_v2(wanted: Wanted, *, masks: bool) -> Block:
    """Faster or Mask R-CNN on Inception-ResNet v2."""
    extractor = Block(
        "feature_extractor",
        'type: "faster_rcnn_inception_resnet_v2_keras"',
        why="The backbone. Its batch norm stays as it was pretrained.",
    )
    return _faster_rcnn(wanted, extractor, _grid_anchors(), INCEPTION_CROPS, masks=masks)


def _extractor(type_: str, wanted: Wanted, *more: Block | str) -> Block:
    learns = wanted.batch_size >= NORM_BATCH
    why = (
        "the batch is large enough for its batch norm to learn."
        if learns
        else f"with less than {NORM_BATCH} images in a batch its batch norm stays as it was pretrained."
    )
    return Block(
        "feature_extractor",
        f'type: "{type_}"',
        "batch_norm_trainable: true" if learns else None,
        *more,
        why=f"The backbone; {why}",
    )


def _grid_anchors() -> Block:
    return Block(
        "first_stage_anchor_generator",
        Block(
            "grid_anchor_generator",
            f"scales: {numbers((0.25, 0.5, 1.0, 2.0))}",
            f"aspect_ratios: {numbers((0.5, 1.0, 2.0))}",
        ),
        why="Anchors of 64 to 512 pixels of the resized image, every 16 pixels, as squares and 2 to 1.",
    )


def _pyramid_anchors() -> Block:
    return Block(
        "first_stage_anchor_generator",
        Block(
            "multiscale_anchor_generator",
            "min_level: 2",
            "max_level: 6",
            f"aspect_ratios: {numbers(SQUARE_AND_TWO_TO_ONE)}",
            "normalize_coordinates: false",
        ),
        why="Anchors from 16 pixels of the resized image upwards, two sizes in three shapes for each level. This "
        "architecture wants them in pixels.",
    )


def _faster_rcnn(
    wanted: Wanted,
    extractor: Block,
    anchors: Block,
    crops: _Crops,
    *,
    masks: bool = False,
    one_box: bool = False,
) -> Block:
    total = max(wanted.detections, 100 if masks else 300)
    return Block(
        "faster_rcnn",
        "number_of_stages: 3" if masks else None,
        f"num_classes: {wanted.num_classes}",
        wanted.resizer,
        extractor,
        anchors,
        Block(
            "first_stage_box_predictor_conv_hyperparams",
            Block("initializer", Block("truncated_normal_initializer", "stddev: 0.01")),
            why="First stage: is there an object at an anchor, and where exactly? Where it is counts twice.",
        ),
        f"first_stage_max_proposals: {total}" if total > 300 else None,
        "first_stage_localization_loss_weight: 2.0",
        f"# Each proposal is cut out of the features, {crops.edge} x {crops.edge}, for the second stage.",
        f"initial_crop_size: {crops.edge}",
        f"maxpool_kernel_size: {crops.window}",
        f"maxpool_stride: {crops.window}",
        _second_stage(masks=masks, one_box=one_box),
        "second_stage_localization_loss_weight: 2.0",
        "second_stage_mask_prediction_loss_weight: 4.0" if masks else None,
        "resize_masks: false" if masks else None,
        suppression(
            "second_stage_post_processing",
            "SOFTMAX",
            per_class=wanted.detections_of_class,
            total=total,
            why="Of detections of one class that overlap more than the threshold the best one stays.",
        ),
    )


def _second_stage(*, masks: bool, one_box: bool) -> Block:
    return Block(
        "second_stage_box_predictor",
        Block(
            "mask_rcnn_box_predictor",
            "share_box_across_classes: true" if one_box else None,
            Block(
                "fc_hyperparams",
                Block(
                    "initializer",
                    Block("variance_scaling_initializer", "factor: 1.0", "uniform: true", "mode: FAN_AVG"),
                ),
            ),
            *(_masks() if masks else ()),
        ),
        why="Second stage: the class of each proposal and its exact box"
        + (", then the mask of each detection." if masks else "."),
    )


def _masks() -> list[Block | str]:
    return [
        "predict_instance_masks: true",
        f"mask_height: {MASK_EDGE}",
        f"mask_width: {MASK_EDGE}",
        "# 0: as many filters as the number of classes asks for.",
        "mask_prediction_conv_depth: 0",
        "mask_prediction_num_conv_layers: 4",
        Block(
            "conv_hyperparams",
            Block("initializer", Block("truncated_normal_initializer", "stddev: 0.01")),
        ),
    ]
