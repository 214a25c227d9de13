"""Single Shot Detector: feature extractor and head, as `model.ssd` configures them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.anchor_counts import anchors_per_location
from cfgtool.networks.description import Outline
from cfgtool.networks.heads.convolutional import convolutional_head
from cfgtool.networks.heads.predictions import Predictions
from cfgtool.networks.heads.weight_shared import weight_shared_head
from cfgtool.networks.hyperparams import Generation
from cfgtool.networks.names import Names
from cfgtool.networks.ops import Ops
from cfgtool.networks.shapes import Shape, ShapeOps
from cfgtool.networks.ssd.extractor import family, read_extractor

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")


def ssd(ops: Ops[T], config: Config, image: T, generation: Generation) -> Predictions[T]:
    """The raw predictions for `image` [batch, height, width, channels], preprocessed as the extractor's
    family wants it.

    `config` is the `model.ssd` message, `generation` the one whose form of the network is built. Raises
    UserError for types that are not described and for anchors that do not fit.
    """
    extractor = read_extractor(config, generation)
    image = ops.pad_to_multiple(image, max(extractor.config.integer("pad_to_multiple"), 1))
    maps = family(extractor)(ops, image, extractor)
    anchors = anchors_per_location(config.message("anchor_generator"))
    _check_counts(config, anchors)
    if len(anchors) != len(maps):
        raise UserError(
            f"the anchor generator has {len(anchors)} layers, the feature extractor {len(maps)} feature maps",
            hint="make num_layers, or min_level and max_level, agree",
        )
    predictor = config.message("box_predictor")
    kind = predictor.which("box_predictor_oneof")
    slots = config.integer("num_classes") + config.flag("add_background_class")
    worlds = extractor.kind.worlds
    tf2 = "model/_box_predictor" if "tf2" in worlds else None
    if kind == "convolutional_box_predictor":
        head, keras, tf1 = convolutional_head, "BoxPredictor", ""
    elif kind == "weight_shared_convolutional_box_predictor":
        head, keras, tf1 = weight_shared_head, *["WeightSharedConvolutionalBoxPredictor"] * 2
    else:
        raise UserError(
            f"an SSD model cannot have the box predictor {kind!r}",
            hint="use convolutional_box_predictor or weight_shared_convolutional_box_predictor",
        )
    return head(
        ops,
        maps,
        predictor.message(kind),
        Names("head", tf2, keras if tf2 else None, tf1 if "tf1" in worlds else None),
        class_slots=slots,
        anchors=anchors,
        generation=generation,
        freeze_batchnorm=extractor.freeze,
    )


def outline(ops: ShapeOps, config: Config, image: Shape, generation: Generation) -> Outline:
    """Run the network on shapes: see `description.Outline`."""
    predictions = ssd(ops, config, image, generation)
    maps = tuple(feature_map[1:] for feature_map in predictions.feature_maps)
    return Outline(maps, predictions.box_encodings[1])


def _check_counts(config: Config, anchors: list[int]) -> None:
    """Refuse numbers that leave the head without anything to predict."""
    if not anchors or min(anchors) < 1:
        raise UserError(
            f"the anchor generator gives {anchors or 'no'} anchors per location",
            hint="set num_layers or levels, aspect_ratios and scales",
        )
    if config.integer("num_classes") + config.flag("add_background_class") < 1:
        raise UserError("model.ssd has no classes", hint="set num_classes")
