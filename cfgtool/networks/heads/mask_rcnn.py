"""The head of Faster R-CNN and Mask R-CNN (`mask_rcnn_box_predictor`): boxes and classes from the mean of a
box's features, masks from the features themselves.

He et al. 2017, arXiv:1703.06870.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.blocks import Unit, conv_unit
from cfgtool.networks.hyperparams import Generation, read_hyperparams
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import GLOROT, ZEROS, Ops

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")

_CLASS_WEIGHT, _FEATURE_WEIGHT = 3.0, 2.0
"""How much classes and channels count, in logarithms, in a depth of the mask layers that is not given."""


class _Branch(NamedTuple):
    """Box or class branch: our name, the attributes of its head and layers, its Keras scope, its own name."""

    name: str
    tf2: str
    keras: str
    label: str


_BOX = _Branch(
    "box", "_box_prediction_head/_box_encoder_layers", "mask_rcnn_box_head", "BoxEncodingPredictor"
)
_CLASS = _Branch(
    "class", "_class_prediction_head/_class_predictor_layers", "mask_rcnn_class_head", "ClassPredictor"
)


def box_and_class_head(
    ops: Ops[T], features: T, config: Config, scope: Names, *, classes: int, generation: Generation
) -> tuple[T, T]:
    """Box encodings [crops, classes or 1, code size] and class logits [crops, classes + 1], background first.

    `features` are [crops, height, width, channels], `config` is the `MaskRCNNBoxPredictor` message.
    """
    boxes = 1 if config.flag("share_box_across_classes") else classes
    code_size = config.integer("box_code_size")
    if code_size < 1:
        raise UserError(
            f"'{config.path}.box_code_size' is {code_size}", hint="the usual box code has 4 numbers"
        )
    mean = ops.reshape(ops.global_mean(features), (-1,))
    box = _dense(ops, mean, config, scope, _BOX, boxes * code_size, generation)
    scores = _dense(ops, mean, config, scope, _CLASS, classes + 1, generation)
    return ops.reshape(box, (boxes, code_size)), scores


def _dense(
    ops: Ops[T], x: T, config: Config, scope: Names, branch: _Branch, units: int, generation: Generation
) -> T:
    fc = config.message("fc_hyperparams")
    hyper = read_hyperparams(fc, generation)
    weights, norm, bias = hyper.weights, hyper.norm, hyper.bias
    if generation == "tf2":
        # Keras reads the normalisation only.
        weights, bias = GLOROT, True
    elif fc.enum("op") != "FC":
        # Settings for convolutions do not reach a layer of another kind.
        weights, norm, bias = GLOROT, None, True
    place = scope.child(branch.name, tf2=branch.tf2, keras=branch.keras)
    layers = Layers(place)
    # The list of a Keras head begins with the flattening.
    layers.skip()
    if config.flag("use_dropout"):
        x = ops.dropout(x, config.number("dropout_keep_probability"))
        layers.skip()
    label = branch.label
    layer = layers.next("dense", keras=f"{label}_dense", tf1=label)
    x = ops.dense(x, layer, units, weights=weights, bias=ZEROS if bias else None)
    if norm is None:
        return x
    layer = layers.next("batch_norm", keras=f"{label}_batchnorm", tf1=f"{label}/BatchNorm")
    pixels = ops.batch_norm(ops.reshape(x, (1, 1, units)), layer, norm)
    return ops.reshape(pixels, (units,))


def mask_head(
    ops: Ops[T], features: T, config: Config, scope: Names, *, classes: int, generation: Generation
) -> T:
    """Mask logits [crops, mask height, mask width, classes or 1] from `features` [crops, height, width, channels].

    Raises UserError for a head that predicts no masks, or that cannot be built.
    """
    if not config.flag("predict_instance_masks"):
        raise UserError(
            "number_of_stages: 3 asks for masks, which the box predictor does not predict",
            hint=f"set {config.path}.predict_instance_masks, or number_of_stages: 2",
        )
    if not config.has("conv_hyperparams"):
        raise UserError(f"'{config.path}.conv_hyperparams' is not set", hint="the mask layers need it")
    hyper = read_hyperparams(config.message("conv_hyperparams"), generation)
    size = config.integer("mask_height"), config.integer("mask_width")
    depth = _depth(config, ops.shape(features)[3] or 0, classes)
    then_upsample = config.flag("convolve_then_upsample_masks")
    x = features if then_upsample else ops.resize(features, _positive(config, size), method="corners")
    place = scope.child(
        "mask", tf2="_third_stage_heads/mask_predictions/_mask_predictor_layers", keras="mask_rcnn_mask_head"
    )
    layers = Layers(place)
    count = max(config.integer("mask_prediction_num_conv_layers") - 1, 0)
    for index in range(count):
        unit = _unit(index, f"conv_{index}", f"{index}")
        x = conv_unit(ops, x, layers, unit, hyper, depth, 3)
    if then_upsample:
        x = _upsample(ops, x, config, size)
        layers.skip()
        x = conv_unit(ops, x, layers, _unit(count, "upsample", "upsample"), hyper, depth, 3)
        count += 1
    masks = 1 if config.flag("masks_are_class_agnostic") else classes
    layer = layers.next("last", keras="MaskPredictor_last_conv2d", tf1=_slim(count))
    return ops.conv(x, layer, masks, 3, weights=hyper.weights, bias=ZEROS)


def _unit(index: int, name: str, label: str) -> Unit:
    if label == "upsample":
        return Unit(name, "MaskPredictor_upsample_conv2d", "MaskPredictor_upsample_batchnorm", _slim(index))
    return Unit(name, f"MaskPredictor_conv2d_{label}", f"MaskPredictor_batchnorm_{label}", _slim(index))


def _slim(index: int) -> str:
    """The name that slim makes up for a convolution without one."""
    return f"Conv_{index}" if index else "Conv"


def _positive(config: Config, size: tuple[int, int]) -> tuple[int, int]:
    if min(size) < 1:
        raise UserError(
            f"'{config.path}' asks for masks of {size[0]} x {size[1]}", hint="set mask_height, mask_width"
        )
    return size


def _upsample(ops: Ops[T], x: T, config: Config, size: tuple[int, int]) -> T:
    """`x` enlarged by whole factors, as near to `size` as they come."""
    height, width = ops.shape(x)[1] or 1, ops.shape(x)[2] or 1
    rows, columns = size[0] // height, size[1] // width
    if min(rows, columns) < 1:
        raise UserError(
            f"masks of {size[0]} x {size[1]} are smaller than the features of {height} x {width}",
            hint=f"raise mask_height and mask_width in '{config.path}', or unset convolve_then_upsample_masks",
        )
    return ops.resize(x, (rows * height, columns * width), method="nearest")


def _depth(config: Config, channels: int, classes: int) -> int:
    """`mask_prediction_conv_depth`; 0: a power of two between the numbers of channels and classes."""
    depth = config.integer("mask_prediction_conv_depth")
    if depth < 0:
        raise UserError(
            f"'{config.path}.mask_prediction_conv_depth' is {depth}", hint="set 0 or a number of filters"
        )
    if depth:
        return depth
    mean = _FEATURE_WEIGHT * math.log2(channels) + _CLASS_WEIGHT * math.log2(classes)
    return int(2.0 ** round(mean / (_FEATURE_WEIGHT + _CLASS_WEIGHT)))
