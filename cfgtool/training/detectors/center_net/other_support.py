"""What of CenterNet's tasks beside boxes and keypoints is refused, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.schema import Config

_LEARNT_FROM = {
    "mask_estimation_task": "load_instance_masks",
    "densepose_estimation_task": "load_dense_pose",
    "track_estimation_task": "load_track_id",
}
"""Task -> the switch of the readers for what it learns from."""
_NOT_OF_POINTS = (
    "hard_example_miner",
    "random_example_sampler",
    "equalization_loss",
)
"""What a `Loss` message says about anchors."""
_MOST_PARTS = 255


def impossible_tasks(config: Config) -> list[str]:
    """What in these tasks of a `CenterNet` message cannot be: one sentence each, with the path of the field."""
    problems: list[str] = []
    if config.has("mask_estimation_task"):
        problems += _mask_problems(config.message("mask_estimation_task"))
    if config.has("densepose_estimation_task"):
        problems += _densepose_problems(config, config.message("densepose_estimation_task"))
    if config.has("track_estimation_task"):
        problems += _classification(config.message("track_estimation_task"))
    if config.has("temporal_offset_task"):
        problems += _localization(config.message("temporal_offset_task"), "offsets")
    return problems


def unlearnable_tasks(config: Config) -> list[str]:
    """What the training reader does not load, and a task learns from: one sentence each, with the path of the field."""
    reader = config.root.message("train_input_reader")
    problems = [
        f"'{reader.path}.{switch}' is 'false', '{config.path}.{task}' learns from what it loads"
        for task, switch in _LEARNT_FROM.items()
        if config.has(task) and not reader.flag(switch)
    ]
    if config.has("temporal_offset_task"):
        problems.append(
            f"'{config.path}.temporal_offset_task' learns from offsets between frames, which no reader loads"
        )
    return problems


def _mask_problems(config: Config) -> list[str]:
    sizes = [(field, config.integer(field)) for field in ("mask_height", "mask_width")]
    problems = [
        f"'{config.path}.{field}' is '{size}', a mask has a pixel at least"
        for field, size in sizes
        if size < 1
    ]
    return problems + _classification(config)


def _densepose_problems(config: Config, task: Config) -> list[str]:
    problems = []
    if not config.has("mask_estimation_task"):
        problems.append(f"'{task.path}' needs masks: add a mask_estimation_task")
    class_, classes = task.integer("class_id"), config.integer("num_classes")
    if not 0 <= class_ < classes:
        problems.append(
            f"'{task.path}.class_id' is '{class_}', but classes count from 0 and there are {classes}"
        )
    parts = task.integer("num_parts")
    if not 1 <= parts <= _MOST_PARTS:
        problems.append(
            f"'{task.path}.num_parts' is '{parts}', masks of 8 bits tell 1 to {_MOST_PARTS} parts apart"
        )
    loss = task.message("loss")
    problems += [
        f"'{loss.path}.{field}' is about anchors, and {task.path} has points"
        for field in _NOT_OF_POINTS
        if loss.has(field)
    ]
    if loss.enum("expected_loss_weights") != "NONE":
        problems.append(f"'{loss.path}.expected_loss_weights' is about anchors, and {task.path} has points")
    weights = {"classification_weight": "part_loss_weight", "localization_weight": "coordinate_loss_weight"}
    problems += [
        f"'{loss.path}.{field}' is '{loss.number(field):g}', write it as {instead} of {task.path}"
        for field, instead in weights.items()
        if loss.number(field) != 1.0
    ]
    return problems + _classification(loss) + _localization(loss, "surface coordinates")


def _classification(config: Config) -> list[str]:
    loss = config.message("classification_loss")
    if loss.which("classification_loss") is None:
        return [f"'{loss.path}' chooses no loss: write weighted_sigmoid {{}} or weighted_softmax {{}}"]
    return []


def _localization(config: Config, what: str) -> list[str]:
    loss = config.message("localization_loss")
    kind = loss.which("localization_loss")
    if kind is None:
        return [f"'{loss.path}' chooses no loss: write l1_localization_loss {{}}"]
    if kind in ("weighted_iou", "weighted_giou"):
        return [f"'{loss.path}.{kind}' compares boxes, {what} are none: write l1_localization_loss {{}}"]
    return []
