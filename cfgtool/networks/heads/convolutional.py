"""The head of plain SSD: each feature map has convolutions of its own (`convolutional_box_predictor`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from cfgtool.networks.blocks import Unit, conv_unit, depthwise_unit
from cfgtool.networks.heads.predictions import Head, Predictions, join_levels, read_head
from cfgtool.networks.hyperparams import Generation, Hyperparams, read_hyperparams, unconfigured
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import ZEROS, Ops
from cfgtool.networks.variables import Initializer

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")


class _Branch(NamedTuple):
    """Box or class branch: our name, the parts of its TF2 path and Keras name, the layer's own name, the
    start of its bias.
    """

    name: str
    heads: str
    layers: str
    keras: str
    label: str
    bias: Initializer


def convolutional_head(
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
    """Predictions for `anchors[i]` anchors at every location of `maps[i]`.

    `config` is the `ConvolutionalBoxPredictor` message. Its `apply_sigmoid_to_scores` acts in TF1 only.
    """
    hyper = read_hyperparams(
        config.message("conv_hyperparams"), generation, freeze_batchnorm=freeze_batchnorm
    )
    converted = config.flag("apply_sigmoid_to_scores")
    if converted:
        ops.differs(scope, "the head applies a sigmoid to its class scores in TF1, and not in TF2")
    sigmoid = generation == "tf1" and converted
    head = read_head(config, class_slots, sigmoid=sigmoid)
    places = levels_of(scope, len(maps))
    boxes: list[T] = []
    classes: list[T] = []
    for level, x in enumerate(maps):
        x = _shared_layers(ops, x, config, places[level], hyper)
        box, class_ = predict_level(ops, x, places[level], head, hyper, anchors[level], generation)
        boxes.append(box)
        classes.append(class_)
    return join_levels(ops, maps, boxes, classes, head)


class Level(NamedTuple):
    """A feature map's place in the head: `scope` of the head, the map's number, and its scope in TF1."""

    scope: Names
    number: int
    tf1: str


def levels_of(scope: Names, count: int) -> list[Level]:
    """The places of `count` maps; TF1 has no scope for the only one."""
    return [Level(scope, number, f"BoxPredictor_{number}" if count > 1 else "") for number in range(count)]


def predict_level(
    ops: Ops[T],
    x: T,
    level: Level,
    head: Head,
    hyper: Hyperparams,
    anchors: int,
    generation: Generation,
) -> tuple[T, T]:
    """Box encodings and class predictions of one map, [batch, height, width, anchors * numbers]."""
    box = _Branch(
        "box", "box_encodings", "_box_encoder_layers", "ConvolutionalBoxHead", "BoxEncodingPredictor", ZEROS
    )
    start = Initializer("constant", value=head.bias_init)
    class_ = _Branch(
        "class",
        "class_predictions_with_background",
        "_class_predictor_layers",
        "ConvolutionalClassHead",
        "ClassPredictor",
        start,
    )
    return (
        _predict(ops, x, level, box, head, hyper, anchors * head.code_size, generation),
        _predict(ops, x, level, class_, head, hyper, anchors * head.class_slots, generation),
    )


def _shared_layers(ops: Ops[T], x: T, config: Config, level: Level, hyper: Hyperparams) -> T:
    """`num_layers_before_predictor` 1x1 convolutions of a depth between `min_depth` and `max_depth`."""
    channels = ops.shape(x)[3] or 0
    depth = max(min(channels, config.integer("max_depth")), config.integer("min_depth"))
    if depth == 0:
        return x
    number = level.number
    place = level.scope.child(
        f"shared/level_{number}",
        tf2=f"_shared_nets/{number}",
        keras=f"SharedConvolutions_{number}",
        tf1=level.tf1,
    )
    layers = Layers(place)
    for index in range(config.integer("num_layers_before_predictor")):
        label = f"Conv2d_{index}_1x1_{depth}"
        unit = Unit(f"conv_{index}", label, f"{label}_norm", label)
        x = conv_unit(ops, x, layers, unit, hyper, depth, 1)
    return x


def _predict(
    ops: Ops[T],
    x: T,
    level: Level,
    branch: _Branch,
    head: Head,
    hyper: Hyperparams,
    filters: int,
    generation: Generation,
) -> T:
    """One branch on one map: [batch, height, width, filters]."""
    number = level.number
    place = level.scope.child(
        f"{branch.name}/level_{number}",
        tf2=f"_prediction_heads/{branch.heads}/{number}/{branch.layers}",
        keras=f"{branch.keras}_{number}",
        tf1=level.tf1,
    )
    layers = Layers(place)
    kernel = head.kernel
    if head.keep_probability is not None and branch.name == "class":
        # Boxes have no dropout. A Keras head is a list of layers in which dropout has a number too.
        x = ops.dropout(x, head.keep_probability)
        layers.skip()
    if head.use_depthwise:
        label = f"{branch.label}_depthwise"
        unit = Unit("depthwise", label, f"{label}_batchnorm", label)
        own = unconfigured(hyper, generation)
        x = depthwise_unit(ops, x, layers, unit, hyper, kernel, weights=own)
        kernel = 1
    layer = layers.next("conv", keras=branch.label, tf1=branch.label)
    return ops.conv(x, layer, filters, kernel, weights=hyper.weights, bias=branch.bias)
