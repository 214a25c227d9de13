"""The tasks of CenterNet beside boxes and keypoints, as a config asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.training.detectors.center_net.densepose import DensePoseEstimation
from cfgtool.training.detectors.center_net.masks import MaskEstimation
from cfgtool.training.detectors.center_net.task import Task
from cfgtool.training.detectors.center_net.temporal import TemporalOffsetEstimation
from cfgtool.training.detectors.center_net.tracking import TrackEstimation

if TYPE_CHECKING:
    from cfgtool.schema import Config


def build_tasks(config: Config) -> list[Task]:
    """Mask estimation, DensePose, tracking and temporal offsets of a `CenterNet` message, in this order.

    DensePose decodes after the masks, whose detections it replaces. Raises UserError for what cannot be honoured.
    """
    tasks: list[Task] = []
    if config.has("mask_estimation_task"):
        tasks.append(MaskEstimation(config.message("mask_estimation_task"), config.integer("num_classes")))
    if config.has("densepose_estimation_task"):
        if not tasks:
            raise UserError(
                f"'{config.path}.densepose_estimation_task' needs masks", hint="add a mask_estimation_task"
            )
        _check_class(config)
        tasks.append(
            DensePoseEstimation(
                config.message("densepose_estimation_task"), config.message("mask_estimation_task")
            )
        )
    if config.has("track_estimation_task"):
        tasks.append(TrackEstimation(config.message("track_estimation_task")))
    if config.has("temporal_offset_task"):
        tasks.append(TemporalOffsetEstimation(config.message("temporal_offset_task")))
    return tasks


def _check_class(config: Config) -> None:
    task, classes = config.message("densepose_estimation_task"), config.integer("num_classes")
    class_ = task.integer("class_id")
    if not 0 <= class_ < classes:
        raise UserError(
            f"'{task.path}.class_id' is '{class_}', no detection would have parts",
            hint=f"classes count from 0, num_classes is {classes}",
        )
