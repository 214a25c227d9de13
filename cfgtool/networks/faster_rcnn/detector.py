"""Faster R-CNN, Mask R-CNN, R-FCN and Context R-CNN, as `model.faster_rcnn` configures them.

The stages are functions of their own, because what is done in between (decoding and selecting proposals) has no
variables: `first_stage`, then `box_features` and `second_stage` on proposals, and `third_stage` for masks on the
second stage's own features in training, on those of the detected boxes otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.description import Outline
from cfgtool.networks.faster_rcnn.attention import Context, attended
from cfgtool.networks.faster_rcnn.extractor import FasterRcnnExtractor, family, read_extractor
from cfgtool.networks.faster_rcnn.rpn import region_proposals
from cfgtool.networks.heads.mask_rcnn import box_and_class_head, mask_head
from cfgtool.networks.heads.predictions import Predictions
from cfgtool.networks.heads.rfcn import rfcn_head
from cfgtool.networks.hyperparams import Generation
from cfgtool.networks.names import Names
from cfgtool.networks.ops import Ops
from cfgtool.networks.shapes import Shape, ShapeOps

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")

_POST_RPN, _POST_BOX_CLASSIFIER = "POST_RPN", "POST_BOX_CLASSIFIER"
"""Where `context_config.attention_position` puts the attention; the default of the message's enum is neither."""


class FirstStage(NamedTuple, Generic[T]):
    """What the first stage gives: `maps` that boxes are cropped from, finest first, the preprocessed `image`
    [batch, height, width, channels] and the raw `proposals` of all anchors, whose `class_predictions` are
    background and object.
    """

    image: T
    maps: tuple[T, ...]
    proposals: Predictions[T]


class SecondStage(NamedTuple, Generic[T]):
    """Raw outputs for [batch * boxes] boxes.

    `box_encodings` [.., classes or 1, code size] against the proposals, `class_predictions` [.., classes + 1],
    logits, background first.
    """

    box_encodings: T
    class_predictions: T


def first_stage(ops: Ops[T], config: Config, image: T, generation: Generation) -> FirstStage[T]:
    """Feature maps and raw proposals of `image`, preprocessed as the extractor's family wants it.

    `config` is the `model.faster_rcnn` message, `generation` the one whose form of the network is built. Raises
    UserError for types that are not described and for settings that cannot be built.
    """
    extractor = read_extractor(config, generation)
    maps = family(extractor).proposal_features(ops, image, extractor)
    return FirstStage(image, tuple(maps), region_proposals(ops, maps, config, extractor))


def box_features(
    ops: Ops[T],
    config: Config,
    first: FirstStage[T],
    boxes: T,
    generation: Generation,
    *,
    context: Context[T] | None = None,
) -> T:
    """The second stage's features of `boxes` [batch, boxes, 4] (fractions of the image, ymin first):
    [batch * boxes, height, width, channels]; under R-FCN those of the whole image, whatever the boxes.

    `context` is needed, and used, where the model has a `context_config`.
    """
    extractor = read_extractor(config, generation)
    if _is_rfcn(config):
        return family(extractor).box_features(ops, first.maps[0], extractor)
    attentive = config.has("context_config")
    # Context R-CNN looks at the finest map of a pyramid only.
    crops = _crops(ops, config, first, first.maps[:1] if attentive else first.maps, boxes)
    position = config.message("context_config").enum("attention_position") if attentive else None
    if attentive and context is None:
        raise ValueError("a model with a context_config needs a context")
    if context is not None and position == _POST_RPN:
        crops = attended(ops, crops, boxes, context, config.message("context_config"), extractor)
    features = family(extractor).box_features(ops, crops, extractor)
    if context is not None and position == _POST_BOX_CLASSIFIER:
        features = attended(ops, features, boxes, context, config.message("context_config"), extractor)
    return features


def crops(ops: Ops[T], config: Config, first: FirstStage[T], boxes: T) -> T:
    """The share of `boxes` [batch, boxes, 4] of the first stage's maps: [batch * boxes, height, width, channels]."""
    return _crops(ops, config, first, first.maps, boxes)


def second_stage(
    ops: Ops[T], config: Config, features: T, boxes: T, generation: Generation
) -> SecondStage[T]:
    """Refined boxes and classes for `boxes`, from their `box_features`. Raises UserError for a head that cannot be
    built.
    """
    extractor, predictor = read_extractor(config, generation), config.message("second_stage_box_predictor")
    classes = _classes(config)
    kind = predictor.which("box_predictor_oneof")
    if kind == "rfcn_box_predictor":
        scope = extractor.place(
            "head", tf2="_rfcn_box_predictor", keras="rfcn_keras_box_predictor", tf1="SecondStageBoxPredictor"
        )
        predicted = rfcn_head(
            ops, features, boxes, predictor.message(kind), scope, classes=classes, generation=generation
        )
    else:
        head, scope = _mask_rcnn_head(config, extractor)
        predicted = box_and_class_head(ops, features, head, scope, classes=classes, generation=generation)
    return SecondStage(*predicted)


def third_stage(ops: Ops[T], config: Config, features: T, generation: Generation) -> T:
    """Mask logits [boxes, mask height, mask width, classes or 1] from the `box_features` of boxes. Raises UserError
    for a head without masks.
    """
    head, scope = _mask_rcnn_head(config, read_extractor(config, generation))
    return mask_head(ops, features, head, scope, classes=_classes(config), generation=generation)


def outline(ops: ShapeOps, config: Config, image: Shape, generation: Generation) -> Outline:
    """Run the network on shapes: see `description.Outline`.

    Memory is that of the boxes of a training step, multiply-adds are those of all proposals.
    """
    stages = config.integer("number_of_stages")
    if stages not in (1, 2, 3):
        raise UserError(f"'{config.path}.number_of_stages' is {stages}", hint="write 1, 2 or 3")
    first = first_stage(ops, config, image, generation)
    if stages > 1:
        proposals = _positive(config, "first_stage_max_proposals")
        sampled = _positive(config, "second_stage_batch_size")
        counted = ops.fork()
        _later_stages(counted, config, first, proposals, stages, generation)
        before = ops.multiply_adds
        _later_stages(
            ops, config, first, proposals if config.has("hard_example_miner") else sampled, stages, generation
        )
        ops.join(counted, before)
    return Outline(tuple(x[1:] for x in first.proposals.feature_maps), first.proposals.box_encodings[1])


def _later_stages(
    ops: ShapeOps, config: Config, first: FirstStage[Shape], count: int, stages: int, generation: Generation
) -> None:
    boxes, context = (1, count, 4), None
    if config.has("context_config"):
        message = config.message("context_config")
        size = tuple(
            _positive(message, f"{name}") for name in ("max_num_context_features", "context_feature_length")
        )
        context = Context((1, *size), (1,), (1,))
    features = box_features(ops, config, first, boxes, generation, context=context)
    second_stage(ops, config, features, boxes, generation)
    if stages == 3:
        third_stage(ops, config, features, generation)


def _crops(ops: Ops[T], config: Config, first: FirstStage[T], maps: tuple[T, ...], boxes: T) -> T:
    """The boxes' share of the maps, after the pooling: [batch * boxes, size, size, channels]."""
    crop, kernel, stride = (
        _positive(config, name) for name in ("initial_crop_size", "maxpool_kernel_size", "maxpool_stride")
    )
    if kernel > crop:
        raise UserError(
            f"a max pool of {kernel} leaves nothing of a crop of {crop}",
            hint=f"lower maxpool_kernel_size or raise initial_crop_size in '{config.path}'",
        )
    fade = config.flag("use_matmul_crop_and_resize")
    crops = ops.crop_and_resize(maps, boxes, (crop, crop), image=first.image, fade=fade)
    return ops.max_pool(crops, kernel, stride=stride, padding="VALID")


def _is_rfcn(config: Config) -> bool:
    return config.message("second_stage_box_predictor").which("box_predictor_oneof") == "rfcn_box_predictor"


def _mask_rcnn_head(config: Config, extractor: FasterRcnnExtractor) -> tuple[Config, Names]:
    """The message of the head and its scope."""
    predictor = config.message("second_stage_box_predictor")
    kind = predictor.which("box_predictor_oneof")
    if kind != "mask_rcnn_box_predictor":
        what = f"the box predictor {kind!r}" if kind else "no box predictor"
        raise UserError(
            f"a Faster R-CNN model cannot have {what} in stage {config.integer('number_of_stages')}",
            hint="use mask_rcnn_box_predictor, or rfcn_box_predictor with number_of_stages: 2",
        )
    scope = extractor.place(
        "head",
        tf2="_mask_rcnn_box_predictor",
        keras="mask_rcnn_keras_box_predictor",
        tf1="SecondStageBoxPredictor",
    )
    return predictor.message(kind), scope


def _classes(config: Config) -> int:
    classes = config.integer("num_classes")
    if classes < 1:
        raise UserError(f"{config.path} has no classes", hint="set num_classes")
    return classes


def _positive(config: Config, name: str) -> int:
    value = config.integer(name)
    if value < 1:
        raise UserError(f"'{config.path}.{name}' is {value}", hint=f"set {name} to 1 or more")
    return value
