"""The head of RetinaNet (Lin et al. 2017, arXiv:1708.02002): one set of convolutions for all feature maps.

Batch norms are not shared: each map has its own (`weight_shared_convolutional_box_predictor`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.blocks import normalize
from cfgtool.networks.heads.predictions import Head, Predictions, join_levels, read_head
from cfgtool.networks.hyperparams import Generation, Hyperparams, read_hyperparams
from cfgtool.networks.names import Names
from cfgtool.networks.ops import GLOROT, ZEROS, Ops, Weights
from cfgtool.networks.variables import Initializer

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")


class _Shared(NamedTuple):
    """Settings of the whole head. `activation` is that of the towers; kernels without their own setting
    start like Keras'.
    """

    head: Head
    hyper: Hyperparams
    activation: str
    depth: int
    layers: int
    pointwise: Weights
    separable_head: tuple[Weights, Weights]


def weight_shared_head(
    ops: Ops[T],
    maps: Sequence[T],
    config: Config,
    scope: Names,
    *,
    class_slots: int,
    anchors: Sequence[int],
    generation: Generation,
    freeze_batchnorm: bool,
) -> Predictions[T]:
    """Predictions for the anchors of all maps; every map must have the same number of them per location.

    `config` is the `WeightSharedConvolutionalBoxPredictor` message. Raises UserError for unequal
    `anchors` and for a tower without a depth.
    """
    if len(set(anchors)) > 1:
        raise UserError(
            f"a weight-shared head needs equally many anchors on every feature map, not {list(anchors)}",
            hint="set reduce_boxes_in_lowest_layer: false",
        )
    if config.integer("num_layers_before_predictor") > 0 and config.integer("depth") < 1:
        raise UserError(
            "weight_shared_convolutional_box_predictor has a tower of depth 0", hint="set depth, such as 256"
        )
    shared = _settings(ops, config, class_slots, generation, freeze_batchnorm)
    if shared.layers and shared.hyper.activation != "relu_6":
        kind = shared.hyper.activation
        ops.differs(scope, f"the head's towers have relu_6 in TF1, and {kind} from conv_hyperparams in TF2")
    head = shared.head
    one_tower = config.flag("share_prediction_tower")
    box_layer = scope.child(
        "box",
        tf2="_box_prediction_head/_box_encoder_layers/0",
        keras="WeightSharedConvolutionalBoxHead/BoxPredictor",
        tf1="BoxPredictor",
    )
    # Dropout, where there is any, is the first layer of the Keras list.
    index = 0 if head.keep_probability is None else 1
    class_layer = scope.child(
        "class",
        tf2=f"_prediction_heads/class_predictions_with_background/_class_predictor_layers/{index}",
        keras="WeightSharedConvolutionalClassHead/ClassPredictor",
        tf1="ClassPredictor",
    )
    start = Initializer("constant", value=head.bias_init)
    boxes: list[T] = []
    classes: list[T] = []
    for level, x in enumerate(_equal_depth(ops, maps, scope, shared)):
        first = ("tower", "PredictionTower") if one_tower else ("box_tower", "BoxPredictionTower")
        y = _tower(ops, x, scope, level, *first, "box_encodings", shared)
        boxes.append(_predict(ops, y, box_layer, anchors[level] * head.code_size, ZEROS, shared))
        if not one_tower:
            second = ("class_tower", "ClassPredictionTower", "class_predictions_with_background")
            y = _tower(ops, x, scope, level, *second, shared)
        if head.keep_probability is not None:
            y = ops.dropout(y, head.keep_probability)
        classes.append(_predict(ops, y, class_layer, anchors[level] * class_slots, start, shared))
    return join_levels(ops, maps, boxes, classes, head)


def _settings(
    ops: Ops[T], config: Config, class_slots: int, generation: Generation, freeze_batchnorm: bool
) -> _Shared:
    hyper = read_hyperparams(
        config.message("conv_hyperparams"), generation, freeze_batchnorm=freeze_batchnorm
    )
    slim = generation == "tf1"
    forced = not slim and config.message("conv_hyperparams").flag("force_use_bias")
    hyper = hyper._replace(norm=hyper.tower_norm, bias=hyper.tower_norm is None or forced)
    sigmoid = config.enum("score_converter") == "SIGMOID" and not ops.training
    configured = (hyper.weights, hyper.weights)
    return _Shared(
        read_head(config, class_slots, sigmoid=sigmoid),
        hyper,
        # The TF1 towers have ReLU6 written out, whatever the config says.
        "relu_6" if slim else hyper.activation,
        config.integer("depth"),
        config.integer("num_layers_before_predictor"),
        hyper.weights if slim or config.flag("apply_conv_hyperparams_pointwise") else GLOROT,
        configured if slim or config.flag("apply_conv_hyperparams_to_heads") else (GLOROT, GLOROT),
    )


def _equal_depth(ops: Ops[T], maps: Sequence[T], scope: Names, shared: _Shared) -> list[T]:
    """The maps, projected to the most common number of channels where these differ."""
    channels = [ops.shape(x)[3] or 0 for x in maps]
    if len(set(channels)) == 1:
        return list(maps)
    depth = max(set(channels), key=channels.count)
    hyper = shared.hyper
    result: list[T] = []
    for level, x in enumerate(maps):
        label = f"ProjectionLayer/conv2d_{level}"
        tf2 = f"_additional_projection_layers/{level}"
        layer = scope.child(f"projection/level_{level}", tf2=f"{tf2}/0", keras=label, tf1=label)
        x = ops.conv(x, layer, depth, 1, weights=hyper.weights, bias=hyper.bias_start)
        label += "/BatchNorm"
        layer = scope.child(f"projection/level_{level}/batch_norm", tf2=f"{tf2}/1", keras=label, tf1=label)
        result.append(normalize(ops, x, layer, hyper.norm))
    return result


def _tower(
    ops: Ops[T], x: T, scope: Names, level: int, name: str, label: str, heads: str, shared: _Shared
) -> T:
    """The convolutions before the predictor, shared by all levels, each with this level's own batch norm."""
    hyper = shared.hyper
    for index in range(shared.layers):
        place = f"{label}/conv2d_{index}"
        layer = scope.child(
            f"{name}/conv_{index}", tf2=f"_head_scope_conv_layers/{label}/{index}", keras=place, tf1=place
        )
        if shared.head.use_depthwise:
            weights = (hyper.weights, shared.pointwise)
            x = _separable(ops, x, layer, shared.depth, shared.head.kernel, weights, hyper.bias_start)
        else:
            x = ops.conv(
                x, layer, shared.depth, shared.head.kernel, weights=hyper.weights, bias=hyper.bias_start
            )
        place += f"/BatchNorm/feature_{level}"
        norm = scope.child(
            f"{name}/conv_{index}/batch_norm/level_{level}",
            # A level's list holds convolution, batch norm and activation for each step of the tower.
            tf2=f"_base_tower_layers_for_heads/{heads}/{level}/{3 * index + 1}",
            keras=place,
            tf1=place,
        )
        x = normalize(ops, x, norm, hyper.norm)
        x = ops.activation(x, shared.activation)
    return x


def _predict(ops: Ops[T], x: T, layer: Names, filters: int, bias: Initializer, shared: _Shared) -> T:
    head = shared.head
    if head.use_depthwise:
        return _separable(ops, x, layer, filters, head.kernel, shared.separable_head, bias)
    return ops.conv(x, layer, filters, head.kernel, weights=shared.hyper.weights, bias=bias)


def _separable(
    ops: Ops[T],
    x: T,
    layer: Names,
    filters: int,
    kernel: int,
    weights: tuple[Weights, Weights],
    bias: Initializer | None,
) -> T:
    return ops.separable_conv(
        x, layer, filters, kernel, depthwise=weights[0], pointwise=weights[1], bias=bias
    )
