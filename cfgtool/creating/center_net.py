"""Models of the meta-architecture CenterNet (Zhou et al. 2019, arXiv:1904.07850), with keypoints where the data has
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.creating.blocks import Block, number, numbers, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfgtool.creating.keypoints import Pose
    from cfgtool.creating.recipes import Wanted

HOURGLASS_MEANS = (104.01362, 114.034225, 119.916595)
HOURGLASS_STDS = (73.60277, 69.89082, 70.91508)
"""Of blue, green and red, as the published weights of the hourglass want their images."""


def hourglass(wanted: Wanted) -> Block:
    """CenterNet on two stacked hourglasses of 104 layers."""
    extractor = Block(
        "feature_extractor",
        'type: "hourglass_104"',
        f"channel_means: {numbers(HOURGLASS_MEANS)}",
        f"channel_stds: {numbers(HOURGLASS_STDS)}",
        "bgr_ordering: true",
        why="The backbone. Its published weights take blue, green and red, normalised.",
    )
    return _center_net(wanted, extractor)


def mobilenet_v2_fpn(wanted: Wanted) -> Block:
    """CenterNet on a pyramid of separable convolutions, for small devices."""
    extractor = Block(
        "feature_extractor",
        'type: "mobilenet_v2_fpn"',
        "use_separable_conv: true",
        why="The backbone, with a pyramid of separable convolutions: a tenth of the work of plain ones.",
    )
    return _center_net(wanted, extractor)


def plain(type_: str, wanted: Wanted) -> Block:
    """CenterNet on a backbone that prepares its images itself."""
    return _center_net(wanted, Block("feature_extractor", f'type: "{type_}"', why="The backbone."))


def _center_net(wanted: Wanted, extractor: Block) -> Block:
    boxes = wanted.detections
    return Block(
        "center_net",
        f"num_classes: {wanted.num_classes}",
        wanted.resizer,
        extractor,
        Block(
            "object_detection_task",
            Block("localization_loss", Block("l1_localization_loss")),
            why="Size of the box at each centre, and where in its cell the centre is. Sizes are in pixels and count a "
            "tenth.",
        ),
        Block(
            "object_center_params",
            f"max_box_predictions: {boxes}" if boxes > 100 else None,
            Block("classification_loss", _heatmap_loss()),
            why="Centres of objects, as peaks of a heatmap for each class.",
        ),
        *_keypoints(wanted),
    )


def _heatmap_loss() -> Block:
    return Block("penalty_reduced_logistic_focal_loss", "alpha: 2.0", "beta: 4.0")


def _keypoints(wanted: Wanted) -> list[Block | str]:
    if not wanted.poses:
        return []
    return [
        f"keypoint_label_map_path: {quoted(wanted.label_map)}",
        *(_task(pose) for pose in wanted.poses),
    ]


def _task(pose: Pose) -> Block:
    return Block(
        "keypoint_estimation_task",
        f"task_name: {quoted(pose.task)}",
        f"keypoint_class_name: {quoted(pose.class_name)}",
        Block(
            "loss",
            Block("localization_loss", Block("l1_localization_loss")),
            Block("classification_loss", _heatmap_loss()),
        ),
        *_table("keypoint_label_to_std", pose.spreads),
        "keypoint_regression_loss_weight: 0.1",
        "offset_peak_radius: 3",
        "per_keypoint_offset: true",
        why=f"The {len(pose.labels)} keypoints of {pose.class_name!r}: guessed from the centre, then snapped to peaks "
        "of heatmaps of their own. The spreads say how far a peak reaches.",
    )


def _table(name: str, values: Mapping[str, float]) -> list[Block]:
    """A map field, one entry for each key."""
    return [Block(name, f"key: {quoted(key)}", f"value: {number(value)}") for key, value in values.items()]
