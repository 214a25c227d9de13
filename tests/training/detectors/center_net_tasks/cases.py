"""Settings of CenterNet's further tasks with small made-up outputs, answered by the OD API
(`tools/od_api/center_net_task_cases.py`) and by us.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

BATCH, OBJECTS, CLASSES, STACKS, DETECTIONS = 2, 3, 3, 2, 5
HEIGHT, WIDTH, STRIDE = 64, 96, 4
ROWS, COLUMNS = HEIGHT // STRIDE, WIDTH // STRIDE
POINTS = 4
EMBEDDING = 6
TRUE_SHAPES = [[64, 96, 3], [50, 71, 3]]
BASE = """
num_classes: 3
object_center_params {
  classification_loss { penalty_reduced_logistic_focal_loss { alpha: 2 beta: 4 } }
  max_box_predictions: 5
}
object_detection_task { localization_loss { l1_localization_loss { } } }
"""


class Case(NamedTuple):
    """Options of the `CenterNet` message on top of `BASE`; `extra` names the optional groundtruth that it needs."""

    name: str
    text: str
    extra: tuple[str, ...] = ()
    parts: int = 24
    detections: bool = False


def masks(name: str, text: str, **options: Any) -> Case:
    """A case of the mask task."""
    return Case(name, f"mask_estimation_task {{ mask_height: 8 mask_width: 10 {text} }}", **options)


def densepose(name: str, text: str, **options: Any) -> Case:
    """A case of the DensePose task."""
    task = f"densepose_estimation_task {{ class_id: 1 {text} }}"
    mask = (
        "mask_estimation_task { mask_height: 6 mask_width: 5 classification_loss { weighted_sigmoid { } } }"
    )
    return Case(name, f"{mask} {task}", **options)


def tracking(name: str, text: str, **options: Any) -> Case:
    """A case of the tracking task."""
    task = f"track_estimation_task {{ num_track_ids: 7 reid_embed_size: {EMBEDDING} {text} }}"
    return Case(name, task, **options)


def temporal(name: str, text: str, **options: Any) -> Case:
    """A case of the temporal offset task."""
    return Case(
        name, f"temporal_offset_task {{ localization_loss {{ {text} }} task_loss_weight: 0.3 }}", **options
    )


_LOSS = "classification_loss {{ {} }}"
_BOTH = "loss { classification_loss { %s } localization_loss { %s } }"
_L1 = "l1_localization_loss { }"
_PARTS = _BOTH % ("weighted_softmax { }", _L1)

MASKS = [
    masks("masks_sigmoid", _LOSS.format("weighted_sigmoid { }") + " task_loss_weight: 2.5", detections=True),
    masks("masks_softmax", _LOSS.format("weighted_softmax { }") + " score_threshold: 0.3", detections=True),
    masks("masks_focal", _LOSS.format("weighted_sigmoid_focal { alpha: 0.25 gamma: 2 }")),
    masks("masks_bootstrapped", _LOSS.format("bootstrapped_sigmoid { alpha: 0.7 }")),
    masks("masks_logits_softmax", _LOSS.format("weighted_logits_softmax { logit_scale: 2 }")),
    masks("masks_penalty_reduced", _LOSS.format("penalty_reduced_logistic_focal_loss { alpha: 2 beta: 4 }")),
    masks("masks_dice", _LOSS.format("weighted_dice_classification_loss { }")),
    masks("masks_dice_squared", _LOSS.format("weighted_dice_classification_loss { squared_normalization: true }")),
    masks("masks_weights", _LOSS.format("weighted_sigmoid { }"), extra=("mask_weights",)),
    masks("masks_weights_softmax", _LOSS.format("weighted_softmax { }"), extra=("mask_weights",)),
    masks("masks_class_targets", _LOSS.format("weighted_sigmoid { }"), extra=("class_targets",)),
]  # fmt: skip
DENSEPOSE = [
    densepose("densepose", _PARTS, detections=True),
    densepose("densepose_cells", "upsample_to_input_res: false " + _PARTS),
    densepose("densepose_sigmoid", _BOTH % ("weighted_sigmoid { }", _L1) + " task_loss_weight: 0.5 part_loss_weight: 3 coordinate_loss_weight: 0.2"),
    densepose("densepose_focal", _BOTH % ("weighted_sigmoid_focal { alpha: 0.25 }", _L1)),
    densepose("densepose_dice", _BOTH % ("weighted_dice_classification_loss { }", _L1)),
    densepose("densepose_penalty_reduced", "upsample_to_input_res: false " + _BOTH % ("penalty_reduced_logistic_focal_loss { alpha: 2 beta: 4 }", _L1)),
    densepose("densepose_l2", _BOTH % ("weighted_softmax { }", "weighted_l2 { }")),
    densepose("densepose_smooth_l1", _BOTH % ("weighted_softmax { }", "weighted_smooth_l1 { }")),
    densepose("densepose_few_parts", "num_parts: 5 " + _PARTS, parts=5, detections=True),
]  # fmt: skip
TRACKING = [
    tracking("tracking", _LOSS.format("weighted_softmax { }") + " task_loss_weight: 0.4", detections=True),
    tracking("tracking_sigmoid", _LOSS.format("weighted_sigmoid { }")),
    tracking("tracking_dice", _LOSS.format("weighted_dice_classification_loss { }")),
    tracking("tracking_layers", _LOSS.format("weighted_softmax { }") + " num_fc_layers: 3"),
]  # fmt: skip
TEMPORAL = [
    temporal("temporal_l1", _L1, detections=True),
    temporal("temporal_l2", "weighted_l2 { }"),
    temporal("temporal_smooth_l1", "weighted_smooth_l1 { delta: 0.5 }"),
    temporal("temporal_giou", "weighted_giou { }"),
]
CASES = [*MASKS, *DENSEPOSE, *TRACKING, *TEMPORAL]


@cache
def outputs(parts: int) -> dict[str, Any]:
    """Outputs of the heads by name, [stacks, batch, rows, columns, channels]."""
    random = np.random.default_rng(11)
    channels = {
        "object_center": CLASSES,
        "box/scale": 2,
        "box/offset": 2,
        "segmentation/heatmap": CLASSES,
        "densepose/heatmap": parts,
        "densepose/regression": 2 * parts,
        "track/reid": EMBEDDING,
        "track/offset": 2,
    }
    found = {
        name: random.normal(scale=1.5, size=(STACKS, BATCH, ROWS, COLUMNS, count)).astype(np.float32)
        for name, count in channels.items()
    }
    found["box/scale"] = 6 + 2 * found["box/scale"]
    return found


@cache
def groundtruth(parts: int) -> dict[str, Any]:
    """What a batch holds; the last row of the second image is padding."""
    random = np.random.default_rng(5)
    boxes = np.array(
        [
            [[0.0, 0.0, 0.4, 0.47], [0.3, 0.3, 0.95, 0.9], [0.25, 0.2, 0.8, 0.6]],
            [[0.3, 0.2, 0.78, 0.62], [0.05, 0.35, 0.3, 0.6], [0.0] * 4],
        ],
        np.float32,
    )
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    shapes = np.zeros((BATCH, OBJECTS, HEIGHT, WIDTH), np.uint8)
    for image, object_ in np.argwhere(boxes[..., 2] > 0):
        low, high = boxes[image, object_, :2] * (HEIGHT, WIDTH), boxes[image, object_, 2:] * (HEIGHT, WIDTH)
        centre, half = (low + high) / 2, (high - low) / 2
        shapes[image, object_] = ((y - centre[0]) / half[0]) ** 2 + ((x - centre[1]) / half[1]) ** 2 < 1
    places = boxes[:, :, np.newaxis, :2] + random.uniform(0.02, 0.98, (BATCH, OBJECTS, POINTS, 2)) * (
        boxes[..., 2:] - boxes[..., :2]
    )[:, :, np.newaxis]  # fmt: skip
    surface = random.uniform(size=(BATCH, OBJECTS, POINTS, 2))
    return {
        "boxes": boxes,
        "classes": np.array([[0, 1, 1], [2, 1, -1]], np.int32),
        "weights": np.array([[1.0, 0.5, 1.0], [1.0, 1.0, 0.0]], np.float32),
        "num_boxes": np.array([3, 2], np.int32),
        "masks": shapes,
        "mask_weights": np.array([[1.0, 0.7, 0.0], [2.0, 1.0, 0.0]], np.float32),
        "class_targets": np.array([[[1, 0, 0], [0.5, 1, 0], [0, 0, 1]], [[1, 0, 1], [0, 1, 0], [0] * 3]], np.float32),
        "densepose_num_points": np.array([[0, 4, 3], [2, 1, 0]], np.int32),
        "densepose_part_ids": random.integers(0, parts, (BATCH, OBJECTS, POINTS)).astype(np.int32),
        "densepose_surface_coords": np.concatenate([places, surface], axis=-1).astype(np.float32),
        "track_ids": np.array([[2, 0, 6], [3, 5, 0]], np.int32),
        "temporal_offsets": random.normal(size=(BATCH, OBJECTS, 2)).astype(np.float32),
        "track_match_flags": np.array([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]], np.float32),
    }  # fmt: skip


def classifier(number: int, shape: tuple[int, ...]) -> Any:
    """Variable `number` of the classifier of tracks, in the order of its layers."""
    random = np.random.default_rng(number)
    return (0.3 + random.normal(scale=0.6, size=shape) ** 2).astype(np.float32)
