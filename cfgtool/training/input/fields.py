"""What a reader and a model ask of each record beside image, boxes and classes; only that is parsed and carried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cfgtool.data.expected import loaded_of
from cfgtool.schema import Config


@dataclass(frozen=True)
class ContextSize:
    """How many context features an example may have, and how long they are."""

    number: int
    length: int


@dataclass(frozen=True)
class Fields:
    """`masks` is how they are stored, "png" or "numerical", "" for none; `keypoints` the number per object.

    `mask_weights`: masks have weights in the loss. `depths` of keypoints; `labelled`: keypoints are known by their
    texts. `dense_pose`: points on the surface of people; `track_ids` of objects; `context` features of the image, with
    the room for them. `scores` and `num_classes`: class scores per object are stored and asked for, and how many.
    `additional_channels` of the image; `hierarchy`: labels are expanded by the label map's hierarchy. `evaluation`:
    flags and areas of the objects, and as with `looked_for` the classes that were checked for.
    """

    num_classes: int
    masks: str = ""
    mask_weights: bool = False
    keypoints: int = 0
    labelled: bool = False
    depths: bool = False
    dense_pose: bool = False
    track_ids: bool = False
    context: ContextSize | None = None
    scores: bool = False
    additional_channels: int = 0
    hierarchy: bool = False
    evaluation: bool = False
    looked_for: bool = False


def fields_of(reader: Config, num_classes: int, *, evaluation: bool, looked_for: bool = False) -> Fields:
    """The fields that an `InputReader` asks for."""
    loaded = loaded_of(reader)
    weighted = reader.root.find("model.center_net").has("mask_estimation_task")
    return Fields(
        num_classes,
        masks=loaded.masks,
        mask_weights=bool(loaded.masks) and weighted,
        keypoints=loaded.keypoints,
        labelled=loaded.labelled,
        depths=loaded.depths,
        dense_pose=loaded.dense_pose,
        track_ids=loaded.track_ids,
        context=_context_size(reader),
        scores=reader.flag("load_multiclass_scores"),
        additional_channels=reader.integer("num_additional_channels"),
        hierarchy=reader.flag("expand_labels_hierarchy"),
        evaluation=evaluation,
        looked_for=looked_for,
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
    yield from loading_problems(reader)
    if config.find("model.center_net").has("temporal_offset_task"):
        message = (
            "'temporal_offset_task' learns from where objects were in the frame before, which no reader loads"
        )
        yield "model.center_net.temporal_offset_task", message
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


_TASKS = {
    "mask_estimation_task": "load_instance_masks",
    "densepose_estimation_task": "load_dense_pose",
    "track_estimation_task": "load_track_id",
}
"""Task of CenterNet -> the switch of the reader for what it learns from."""

_NOT_IN_SEQUENCES = (
    "load_instance_masks",
    "load_multiclass_scores",
    "load_dense_pose",
    "load_track_id",
    "load_keypoint_depth_features",
    "num_keypoints",
    "num_additional_channels",
    "expand_labels_hierarchy",
)


def loading_problems(reader: Config) -> Iterator[tuple[str, str]]:
    """(field path, what is wrong) where a reader and the model of its config do not go together."""
    for name, why in _wanted(reader.root.message("model")):
        if not reader.value(name):
            yield f"{reader.path}.{name}", f"'{name}' must be set: {why}"
    context = reader.root.find("model.faster_rcnn").has("context_config")
    if reader.flag("load_context_features") and not context:
        message = (
            "'load_context_features' needs a 'context_config' of model.faster_rcnn, which says their number"
        )
        yield f"{reader.path}.load_context_features", message
    keypoints = reader.integer("num_keypoints")
    if reader.flag("load_keypoint_depth_features") and not keypoints:
        yield f"{reader.path}.load_keypoint_depth_features", "depths of keypoints need 'num_keypoints'"
    if reader.flag("use_keypoint_label_map") and not (keypoints and reader.text("label_map_path")):
        message = (
            "'use_keypoint_label_map' needs 'num_keypoints' and a 'label_map_path', whose keypoints it uses"
        )
        yield f"{reader.path}.use_keypoint_label_map", message
    if reader.enum("input_type") != "TF_SEQUENCE_EXAMPLE":
        return
    if not reader.text("label_map_path"):
        yield (
            f"{reader.path}.label_map_path",
            "frames of sequences have class texts only: a label_map_path is needed",
        )
    for name in _NOT_IN_SEQUENCES:
        if reader.value(name):
            yield (
                f"{reader.path}.{name}",
                f"'{name}' is not read of sequences, which hold boxes and context features",
            )


def _wanted(model: Config) -> Iterator[tuple[str, str]]:
    """(field of a reader that must not be off, why)."""
    kind = model.which("model")
    if kind == "faster_rcnn":
        detector = model.message(kind)
        if detector.find("second_stage_box_predictor.mask_rcnn_box_predictor").flag("predict_instance_masks"):
            yield "load_instance_masks", "the model learns masks"
        if detector.has("context_config"):
            yield "load_context_features", "the model's 'context_config' attends to them"
    if kind != "center_net":
        return
    detector = model.message(kind)
    if detector.has("deepmac_mask_estimation"):  # goes without the other tasks
        yield "load_instance_masks", "'deepmac_mask_estimation' learns from masks"
        return
    for task, name in _TASKS.items():
        if detector.has(task):
            yield name, f"'{task}' learns from it"
    tasks = detector.messages("keypoint_estimation_task")
    if tasks:
        yield "num_keypoints", "'keypoint_estimation_task' learns keypoints"
    if any(task.flag("predict_depth") for task in tasks):
        yield "load_keypoint_depth_features", "'predict_depth' learns from depths"
