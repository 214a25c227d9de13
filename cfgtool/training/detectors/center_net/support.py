"""What of a `CenterNet` message is refused, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.networks.image_size import has_one_size
from cfgtool.training.detectors.center_net.keypoint_places import read_keypoint_places
from cfgtool.training.detectors.center_net.other_support import impossible_tasks, unlearnable_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.schema import Config

_COMPETING = ("weighted_softmax", "weighted_logits_softmax", "weighted_dice_classification_loss")
_OF_BOXES = ("weighted_iou", "weighted_giou")
_NEED_BOXES = ("score_scaled_distance_ratio", "gaussian_weighted")
_MODES = ("min_distance", "score_distance_ratio", *_NEED_BOXES)
_ARGMAX_MODE = "gaussian_weighted_const"


def unsupported(config: Config) -> list[str]:
    """What a `CenterNet` message asks for that is not done here: one sentence each, with the path of the field."""
    if config.has("deepmac_mask_estimation"):
        return [
            f"'{config.path}.deepmac_mask_estimation' is not supported: it makes another model, DeepMAC, of it,"
            " whose mask network is not described"
        ]
    problems = [*_size_problems(config), *_center_problems(config), *_processing_problems(config)]
    if config.has("object_detection_task"):
        problems += _localization_problems(config.message("object_detection_task"))
    for task in config.messages("keypoint_estimation_task"):
        problems += _keypoint_problems(task, boxes=config.has("object_detection_task"))
    return [*problems, *_keypoints_of_all(config), *impossible_tasks(config)]


def untrainable(config: Config) -> list[str]:
    """The same, and what a `CenterNet` message could learn, were it loaded."""
    return [*unsupported(config), *_unloaded_keypoints(config), *unlearnable_tasks(config)]


def _size_problems(config: Config) -> Iterator[str]:
    resizer = config.message("image_resizer")
    if not has_one_size(resizer):
        yield (
            f"'{resizer.path}' leaves the size of images open, but they must be multiples of the network's stride;"
            " use fixed_shape_resizer, or pad_to_max_dimension: true"
        )


def _center_problems(config: Config) -> Iterator[str]:
    center = config.message("object_center_params")
    if center.message("classification_loss").which("classification_loss") is None:
        yield f"'{center.path}.classification_loss' is missing: write penalty_reduced_logistic_focal_loss {{ }}"
    if not 0.0 < center.number("min_box_overlap_iou") < 1.0:
        yield f"'{center.path}.min_box_overlap_iou' is '{center.number('min_box_overlap_iou'):g}', not within 0..1"
    yield from _positive(center, "max_box_predictions", "peak_max_pool_kernel_size")
    weights = center.numbers("keypoint_weights_for_center")
    if not weights:
        return
    if len(config.messages("keypoint_estimation_task")) != 1 or config.has("object_detection_task"):
        yield (
            f"'{center.path}.keypoint_weights_for_center' puts centres where keypoints are: it needs exactly one"
            " keypoint_estimation_task, and no object_detection_task, whose boxes have other centres"
        )
    elif min(weights) < 0.0 or sum(weights) <= 0.0:
        yield f"'{center.path}.keypoint_weights_for_center' needs weights of 0 and more, some above 0"


def _processing_problems(config: Config) -> Iterator[str]:
    """Only the suppression of a `PostProcessing` message has a meaning: scores are those of the heat map."""
    if not config.has("post_processing"):
        return
    processing = config.message("post_processing")
    for name, wrong in (
        ("score_converter", processing.enum("score_converter") == "SOFTMAX"),
        ("logit_scale", processing.number("logit_scale") != 1.0),
        ("calibration_config", processing.has("calibration_config")),
    ):
        if wrong:
            yield f"'{processing.path}.{name}' is not supported: scores of centres are the sigmoid of the heat map"


def _localization_problems(holder: Config) -> Iterator[str]:
    """`holder` has a field `localization_loss`."""
    kind = holder.message("localization_loss").which("localization_loss")
    if kind is None:
        yield f"'{holder.path}.localization_loss' is missing: write l1_localization_loss {{ }}"
    elif kind in _OF_BOXES:
        yield f"'{holder.path}.localization_loss.{kind}' compares boxes, but sizes and offsets are learned one by one"


def _keypoint_problems(task: Config, *, boxes: bool) -> Iterator[str]:
    loss = task.message("loss")
    yield from _localization_problems(loss)
    kind = loss.message("classification_loss").which("classification_loss")
    if kind is None:
        yield f"'{loss.path}.classification_loss' is missing: write penalty_reduced_logistic_focal_loss {{ }}"
    elif kind in _COMPETING:
        yield f"'{loss.path}.classification_loss.{kind}' has no loss for each cell of each keypoint, which is needed"
    yield from _positive(task, "num_candidates_per_keypoint", "peak_max_pool_kernel_size")
    if task.integer("offset_peak_radius") < 0:
        yield f"'{task.path}.offset_peak_radius' is '{task.integer('offset_peak_radius')}', below 0"
    yield from _ranking_problems(task, boxes=boxes)


def _ranking_problems(task: Config, *, boxes: bool) -> Iterator[str]:
    mode, path = task.text("candidate_ranking_mode"), f"{task.path}.candidate_ranking_mode"
    if task.flag("argmax_postprocessing"):
        if mode != _ARGMAX_MODE:
            yield f"'{path}' is {mode!r}, but argmax_postprocessing needs {_ARGMAX_MODE!r}"
        if not boxes:
            yield f"'{task.path}.argmax_postprocessing' looks for keypoints in boxes: add an object_detection_task"
        if task.number("gaussian_denom_ratio") <= 0.0:
            yield f"'{task.path}.gaussian_denom_ratio' is '{task.number('gaussian_denom_ratio'):g}', not above 0"
    elif mode == _ARGMAX_MODE:
        yield f"'{path}' is {mode!r}, which needs argmax_postprocessing: true"
    elif mode not in _MODES:
        yield f"'{path}' is {mode!r}; known are {', '.join(_MODES)}"
    elif mode in _NEED_BOXES and not boxes:
        yield f"'{path}' {mode!r} measures by the sizes of boxes: add an object_detection_task"


def _keypoints_of_all(config: Config) -> list[str]:
    """What the keypoint tasks are together, and with their label map and the readers."""
    tasks = config.messages("keypoint_estimation_task")
    names = [task.text("task_name") for task in tasks]
    problems = [
        f"'{task.path}.task_name' is {name!r} again, so it would take the place of the earlier task"
        for number, (task, name) in enumerate(zip(tasks, names, strict=True))
        if name in names[:number]
    ]
    try:
        found = read_keypoint_places(config)
    except UserError as error:
        return [*problems, error.message]
    weights = config.message("object_center_params").numbers("keypoint_weights_for_center")
    if weights and len(found) == 1 and len(weights) != len(found[0].ids):
        problems.append(
            f"'{config.path}.object_center_params.keypoint_weights_for_center' has {len(weights)} weights for"
            f" {len(found[0].ids)} keypoints"
        )
    ids = [place for one in found for place in one.ids]
    twice = sorted({place for place in ids if ids.count(place) > 1})
    problems += [
        f"'{config.path}.keypoint_label_map_path': keypoint id {place} is used more than once"
        for place in twice
    ]
    return problems


def _unloaded_keypoints(config: Config) -> Iterator[str]:
    """What the training reader does not load of the keypoints that the tasks learn."""
    reader = config.root.message("train_input_reader")
    try:
        found = read_keypoint_places(config)
    except UserError:
        return  # told already
    loaded, needed = reader.integer("num_keypoints"), 1 + max((max(one.ids) for one in found), default=-1)
    if loaded < needed:
        yield f"'{reader.path}.num_keypoints' is '{loaded}', the keypoint tasks need '{needed}'"
    if any(one.config.flag("predict_depth") for one in found) and not reader.flag(
        "load_keypoint_depth_features"
    ):
        yield f"'{reader.path}.load_keypoint_depth_features' is 'false', predict_depth learns from what it loads"


def _positive(config: Config, *names: str) -> Iterator[str]:
    for name in names:
        if config.integer(name) < 1:
            yield f"'{config.path}.{name}' is '{config.integer(name)}', it must be above 0"
