"""Models of the meta-architecture SSD: MobileNets, RetinaNet, EfficientDet.

The numbers are those of the papers (SSD: arXiv:1512.02325, RetinaNet: arXiv:1708.02002, EfficientDet:
arXiv:1911.09070) and of the published models, so that their checkpoints fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.creating.blocks import Block, number, numbers
from cfgtool.creating.pieces import (
    EFFICIENT,
    MOBILE,
    RESIDUAL,
    SSD_MOBILE,
    Style,
    convolutions,
    pyramid_anchors,
    suppression,
)

if TYPE_CHECKING:
    from cfgtool.creating.recipes import Wanted

RARE_OBJECT = -4.6
"""Starting bias of the class scores: every anchor begins with a chance of 0.01 to be an object (RetinaNet, 4.1)."""


class _Head(NamedTuple):
    """The head that all levels of a pyramid share."""

    depth: int
    layers: int
    style: Style
    depthwise: bool = False
    one_tower: bool = False


def mobilenet_v2(wanted: Wanted) -> Block:
    """SSD on MobileNet V2: six feature maps, a small convolution on each."""
    style = SSD_MOBILE
    head = Block(
        "box_predictor",
        Block(
            "convolutional_box_predictor",
            "use_dropout: false",
            f"class_prediction_bias_init: {RARE_OBJECT}",
            convolutions(style, "random_normal", 0.01),
        ),
        why="One small convolution for each feature map. The bias has every class begin as improbable, or the many "
        "anchors without an object would swamp the first steps.",
    )
    anchors = Block(
        "anchor_generator",
        Block("ssd_anchor_generator", f"aspect_ratios: {numbers((1.0, 2.0, 0.5, 3.0, 0.3333))}"),
        why="Six feature maps, for objects from a fifth of the image upwards in five shapes.",
    )
    extractor = _extractor("ssd_mobilenet_v2_keras", style, None)
    return _ssd(wanted, extractor, head, anchors, (0.75, 2.0))


def mobilenet_v2_fpnlite(wanted: Wanted) -> Block:
    """SSDLite on a feature pyramid of MobileNet V2."""
    extractor = _extractor(
        "ssd_mobilenet_v2_fpn_keras", MOBILE, Block("fpn", "additional_layer_depth: 128"), depthwise=True
    )
    head = _Head(128, 4, MOBILE, depthwise=True, one_tower=True)
    return _ssd(wanted, extractor, _shared_head(head), pyramid_anchors(), (0.25, 2.0))


def mobilenet_v1_fpn(wanted: Wanted) -> Block:
    """RetinaNet's head on a feature pyramid of MobileNet V1."""
    extractor = _extractor("ssd_mobilenet_v1_fpn_keras", MOBILE, None)
    return _ssd(wanted, extractor, _shared_head(_Head(256, 4, MOBILE)), pyramid_anchors(), (0.25, 2.0))


def resnet(layers: int, wanted: Wanted) -> Block:
    """RetinaNet on a ResNet of 50, 101 or 152 layers."""
    extractor = _extractor(f"ssd_resnet{layers}_v1_fpn_keras", RESIDUAL, None)
    return _ssd(wanted, extractor, _shared_head(_Head(256, 4, RESIDUAL)), pyramid_anchors(), (0.25, 2.0))


class Scaling(NamedTuple):
    """One row of the EfficientDet paper's table of sizes: backbone, pyramid width and rounds, layers of the head."""

    size: int
    backbone: int
    filters: int
    rounds: int
    head_layers: int


EFFICIENTDETS = (
    Scaling(512, 0, 64, 3, 3),
    Scaling(640, 1, 88, 4, 3),
    Scaling(768, 2, 112, 5, 3),
    Scaling(896, 3, 160, 6, 4),
    Scaling(1024, 4, 224, 7, 4),
    Scaling(1280, 5, 288, 7, 4),
    Scaling(1408, 6, 384, 8, 5),
    Scaling(1536, 6, 384, 8, 5),
)
"""D0 to D7 (arXiv:1911.09070, table 1)."""


def efficientdet(number_: int, wanted: Wanted) -> Block:
    """EfficientDet D0 to D7."""
    scaling = EFFICIENTDETS[number_]
    pyramid = Block(
        "bifpn",
        f"num_iterations: {scaling.rounds}",
        f"num_filters: {scaling.filters}",
        'combine_method: "sum"' if number_ >= 6 else None,
        why="Width and rounds grow with the size of the image; the extractor refuses other pairs.",
    )
    extractor = _extractor(f"ssd_efficientnet-b{scaling.backbone}_bifpn_keras", EFFICIENT, pyramid)
    head = _shared_head(_Head(scaling.filters, scaling.head_layers, EFFICIENT, depthwise=True))
    return _ssd(wanted, extractor, head, pyramid_anchors(3), (0.25, 1.5), overlap=0.5, background=False)


def _extractor(type_: str, style: Style, pyramid: Block | None, *, depthwise: bool = False) -> Block:
    initializer = "random_normal" if style is MOBILE else "truncated_normal"
    return Block(
        "feature_extractor",
        f'type: "{type_}"',
        "use_depthwise: true" if depthwise else None,
        pyramid,
        convolutions(style, initializer, style.spread),
        # The backbone of EfficientDet brings its own hyperparameters along, as it was pretrained with them.
        "override_base_feature_extractor_hyperparams: true" if style is not EFFICIENT else None,
        why="The backbone and what is built on it. Checkpoints are matched by these layers: `cfgtool variables` "
        "lists them.",
    )


def _shared_head(head: _Head) -> Block:
    return Block(
        "box_predictor",
        Block(
            "weight_shared_convolutional_box_predictor",
            f"depth: {head.depth}",
            f"num_layers_before_predictor: {head.layers}",
            "share_prediction_tower: true" if head.one_tower else None,
            "use_depthwise: true" if head.depthwise else None,
            f"class_prediction_bias_init: {RARE_OBJECT}",
            convolutions(head.style, "random_normal", 0.01),
        ),
        why="One head for all levels of the pyramid. The bias has every class begin as improbable, or the many "
        "anchors without an object would swamp the first steps.",
    )


def _ssd(
    wanted: Wanted,
    extractor: Block,
    head: Block,
    anchors: Block,
    focal: tuple[float, float],
    *,
    overlap: float = 0.6,
    background: bool = True,
) -> Block:
    alpha, gamma = focal
    return Block(
        "ssd",
        f"num_classes: {wanted.num_classes}",
        None if background else "add_background_class: false",
        "encode_background_as_zeros: true",
        _frozen_norm(wanted),
        wanted.resizer,
        extractor,
        head,
        anchors,
        Block(
            "box_coder",
            Block("faster_rcnn_box_coder"),
            why="Boxes are predicted as shifts and scalings of anchors, with the usual scale factors.",
        ),
        Block(
            "matcher",
            Block("argmax_matcher", "force_match_for_each_row: true"),
            why="An anchor learns the object that it overlaps by half or more; an object without such an anchor gets "
            "its best one.",
        ),
        Block("similarity_calculator", Block("iou_similarity")),
        _loss(alpha, gamma),
        "normalize_loc_loss_by_codesize: true",
        suppression(
            "post_processing",
            "SIGMOID",
            per_class=wanted.detections_of_class,
            total=wanted.detections,
            overlap=overlap,
            why="Of detections of one class that overlap more than the threshold the best one stays.",
        ),
    )


def _frozen_norm(wanted: Wanted) -> Block | str | None:
    return "freeze_batchnorm: true" if wanted.freeze_norm else None


def _loss(alpha: float, gamma: float) -> Block:
    return Block(
        "loss",
        Block(
            "classification_loss",
            Block(
                "weighted_sigmoid_focal",
                f"alpha: {number(alpha)}",
                f"gamma: {number(gamma)}" if gamma != 2 else None,
            ),
        ),
        Block("localization_loss", Block("weighted_smooth_l1")),
        why="The focal loss turns down what is easy, which nearly all of the thousands of anchors are.",
    )
