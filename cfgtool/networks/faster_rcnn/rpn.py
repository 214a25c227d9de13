"""The region proposal network (Ren et al. 2015, arXiv:1506.01497, section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.anchor_counts import anchors_per_location
from cfgtool.networks.blocks import normalize
from cfgtool.networks.faster_rcnn.extractor import FasterRcnnExtractor
from cfgtool.networks.heads.convolutional import levels_of, predict_level
from cfgtool.networks.heads.predictions import Head, Predictions, join_levels
from cfgtool.networks.hyperparams import read_hyperparams
from cfgtool.networks.ops import Ops

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")

_HEAD = Head(
    class_slots=2,
    code_size=4,
    kernel=1,
    keep_probability=None,
    use_depthwise=False,
    bias_init=0.0,
    clip_range=None,
    sigmoid=False,
)


def region_proposals(
    ops: Ops[T], maps: Sequence[T], config: Config, extractor: FasterRcnnExtractor
) -> Predictions[T]:
    """Box encodings and objectness (background first) of all anchors; `feature_maps` are those after the RPN's
    own convolution.

    `config` is the `model.faster_rcnn` message. Raises UserError for anchors that do not fit the maps.
    """
    generator = config.message("first_stage_anchor_generator")
    anchors = anchors_per_location(generator)
    if not anchors or min(anchors) < 1:
        raise UserError(
            f"the anchor generator gives {anchors or 'no'} anchors per location",
            hint=f"set aspect_ratios and scales, or levels, in '{generator.path}'",
        )
    if len(anchors) != len(maps):
        raise UserError(
            f"the anchor generator has {len(anchors)} layers, the feature extractor {len(maps)} feature maps",
            hint="use a grid_anchor_generator for one map, a multiscale_anchor_generator with the levels of fpn "
            "for a pyramid",
        )
    names = ("first_stage_box_predictor_kernel_size", "first_stage_box_predictor_depth")
    kernel, depth = (config.integer(name) for name in names)
    rate = config.integer("first_stage_atrous_rate")
    if min(kernel, depth, rate) < 1:
        raise UserError(
            f"the region proposal network has kernels of {kernel}, depth {depth} and atrous rate {rate}",
            hint="set first_stage_box_predictor_kernel_size, _depth and first_stage_atrous_rate to 1 or more",
        )
    hyper = read_hyperparams(
        config.message("first_stage_box_predictor_conv_hyperparams"), extractor.generation
    )
    trunk = extractor.place("rpn/conv", tf2="_first_stage_box_predictor_first_conv", keras="", tf1="Conv")
    conv = trunk.child("", tf2="layer_with_weights-0", keras="RPNConv")
    norm = trunk.child("batch_norm", tf2="layer_with_weights-1", keras="RPNBatchNorm", tf1="BatchNorm")
    scope = "FirstStageBoxPredictor"
    heads = extractor.place("rpn", tf2="_first_stage_box_predictor", keras=scope, tf1=scope)
    features: list[T] = []
    for x in maps:
        y = ops.conv(x, conv, depth, kernel, weights=hyper.weights, bias=hyper.bias_start, dilation=rate)
        # ReLU6 is written out, whatever the config says.
        features.append(ops.activation(normalize(ops, y, norm, hyper.norm), "relu_6"))
    boxes: list[T] = []
    scores: list[T] = []
    for level, x, count in zip(levels_of(heads, len(maps)), features, anchors, strict=True):
        box, score = predict_level(ops, x, level, _HEAD, hyper, count, extractor.generation)
        boxes.append(box)
        scores.append(score)
    return join_levels(ops, features, boxes, scores, _HEAD)
