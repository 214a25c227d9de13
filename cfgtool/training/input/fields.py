"""What a reader and a model ask of each record beside image, boxes and classes; only that is parsed and carried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cfgtool.data.expected import MASK_KINDS
from cfgtool.schema import Config


@dataclass(frozen=True)
class ContextSize:
    """How many context features an example may have, and how long they are."""

    number: int
    length: int


@dataclass(frozen=True)
class Fields:
    """`masks` is how they are stored, "png" or "numerical", "" for none; `keypoints` the number per object.

    `mask_weights`: masks have weights in the loss. `depths` of keypoints; `dense_pose`: points on the surface of
    people; `track_ids` of objects; `context` features of the image, with the room for them. `scores` and
    `num_classes`: class scores per object are stored and asked for, and how many. `additional_channels` of the
    image; `hierarchy`: labels are expanded by the label map's hierarchy.
    `evaluation`: flags and areas of the objects, and as with `labeled` the classes that were checked for.
    """

    num_classes: int
    masks: str = ""
    mask_weights: bool = False
    keypoints: int = 0
    depths: bool = False
    dense_pose: bool = False
    track_ids: bool = False
    context: ContextSize | None = None
    scores: bool = False
    additional_channels: int = 0
    hierarchy: bool = False
    evaluation: bool = False
    labeled: bool = False


def fields_of(reader: Config, num_classes: int, *, evaluation: bool, labeled: bool = False) -> Fields:
    """The fields that an `InputReader` asks for."""
    masks = MASK_KINDS[reader.enum("mask_type")] if reader.flag("load_instance_masks") else ""
    keypoints = reader.integer("num_keypoints")
    return Fields(
        num_classes,
        masks=masks,
        mask_weights=bool(masks) and reader.root.find("model.center_net").has("mask_estimation_task"),
        keypoints=keypoints,
        depths=reader.flag("load_keypoint_depth_features") and keypoints > 0,
        dense_pose=reader.flag("load_dense_pose"),
        track_ids=reader.flag("load_track_id"),
        context=_context_size(reader),
        scores=reader.flag("load_multiclass_scores"),
        additional_channels=reader.integer("num_additional_channels"),
        hierarchy=reader.flag("expand_labels_hierarchy"),
        evaluation=evaluation,
        labeled=labeled,
    )


def _context_size(reader: Config) -> ContextSize | None:
    if not reader.flag("load_context_features"):
        return None
    context = reader.root.find("model.faster_rcnn.context_config")
    return ContextSize(context.integer("max_num_context_features"), context.integer("context_feature_length"))


def learns_from_labeled_classes(model: Config) -> bool:
    """Whether the losses of a `DetectionModel` depend on which classes were checked for in an image."""
    centers = model.message("center_net").message("object_center_params")
    return model.which("model") == "center_net" and centers.flag("use_labeled_classes")


def field_problems(config: Config) -> Iterator[tuple[str, str]]:
    """(field path, what is wrong) where readers, training and model of a pipeline config ask for different fields."""
    reader, train_config = config.message("train_input_reader"), config.message("train_config")
    scored = reader.flag("load_multiclass_scores")
    if train_config.flag("use_multiclass_scores") and not scored:
        yield "train_config.use_multiclass_scores", "needs train_input_reader.load_multiclass_scores: true"
    for option in train_config.messages("data_augmentation_options"):
        if option.which("preprocessing_step") == "convert_class_logits_to_softmax" and not scored:
            path = f"{option.path}.convert_class_logits_to_softmax"
            yield path, "needs train_input_reader.load_multiclass_scores: true"
    if train_config.flag("use_multiclass_scores") and train_config.flag("merge_multiple_label_boxes"):
        yield "train_config.use_multiclass_scores", "cannot be combined with merge_multiple_label_boxes"
    extra = reader.integer("num_additional_channels")
    for other in config.messages("eval_input_reader"):
        if other.integer("num_additional_channels") != extra:
            yield (
                f"{other.path}.num_additional_channels",
                f"num_additional_channels '{other.integer('num_additional_channels')}' differs from the"
                f" '{extra}' of train_input_reader, on which the network is built",
            )
