"""The tasks of CenterNet beside boxes and keypoints, as a config asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.training.detectors.center_net.densepose import DensePoseEstimation
from cfgtool.training.detectors.center_net.masks import MaskEstimation
from cfgtool.training.detectors.center_net.other_support import impossible_tasks
from cfgtool.training.detectors.center_net.task import Task
from cfgtool.training.detectors.center_net.temporal import TemporalOffsetEstimation
from cfgtool.training.detectors.center_net.tracking import TrackEstimation

if TYPE_CHECKING:
    from cfgtool.schema import Config


def build_tasks(config: Config, *, trim_padding: bool = True) -> list[Task]:
    """Mask estimation, DensePose, tracking and temporal offsets of a `CenterNet` message, in this order.

    DensePose decodes after the masks, whose detections it replaces. `trim_padding=False` keeps every shape static, for
    XLA. Raises UserError for what `impossible_tasks` finds.
    """
    problems = impossible_tasks(config)
    if problems:
        raise UserError(problems[0])
    tasks: list[Task] = []
    masks = config.message("mask_estimation_task")
    if config.has("mask_estimation_task"):
        tasks.append(MaskEstimation(masks, config.integer("num_classes"), trim_padding=trim_padding))
    if config.has("densepose_estimation_task"):
        densepose = config.message("densepose_estimation_task")
        tasks.append(DensePoseEstimation(densepose, masks, trim_padding=trim_padding))
    if config.has("track_estimation_task"):
        tasks.append(TrackEstimation(config.message("track_estimation_task")))
    if config.has("temporal_offset_task"):
        tasks.append(TemporalOffsetEstimation(config.message("temporal_offset_task")))
    return tasks
