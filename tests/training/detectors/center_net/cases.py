"""Settings of CenterNet with small made-up outputs, answered by the OD API (`tools/od_api/center_net_cases.py`) and by us."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

LABEL_MAP = Path(__file__).with_name("keypoints.pbtxt")
"""Class 1 has five keypoints, class 2 three."""

_FOCAL = "classification_loss { penalty_reduced_logistic_focal_loss { alpha: 2 beta: 4 } }"
_L1 = "localization_loss { l1_localization_loss {} }"
BASE = f"""
num_classes: 3
feature_extractor {{ type: "resnet_v2_50" }}
image_resizer {{ fixed_shape_resizer {{ height: 64 width: 64 }} }}
object_center_params {{ {_FOCAL} max_box_predictions: 10 }}
keypoint_label_map_path: "{LABEL_MAP}"
"""
BOXES = f"object_detection_task {{ {_L1} }}"
TRUE_SHAPES = [[64, 64, 3], [64, 40, 3]]
SIDE = 16
COUNTS = {"person": 5, "dog": 3}


class Case(NamedTuple):
    """Fields of the `CenterNet` message on top of `BASE`; `extra` names the optional groundtruth that it needs.

    `heads` are the channels of the outputs by name; `stacks` is how many maps the extractor gives.
    """

    name: str
    text: str
    heads: dict[str, int]
    extra: tuple[str, ...] = ()
    stacks: int = 1
    classes: int = 3
    detections_only: bool = False

    def outputs(self) -> list[dict[str, np.ndarray]]:
        """What the heads give, by stack."""
        return [
            {
                name: _values(name, channels, stack)
                for name, channels in {"object_center": self.classes, **self.heads}.items()
            }
            for stack in range(self.stacks)
        ]

    def groundtruth(self) -> dict[str, Any]:
        """Padded groundtruth by name, as in a batch."""
        random = np.random.default_rng(11)
        boxes = [
            [[0.0, 0.0, 0.4, 0.47], [0.3, 0.3, 0.95, 0.9], [0.56, 0.1, 0.8, 0.3], [0.0] * 4],
            [[0.5, 0.2, 1.0, 0.62], [0.05, 0.35, 0.3, 0.6], [0.0] * 4, [0.0] * 4],
        ]
        classes = np.array([[0, 1, 2, -1], [0, 0, -1, -1]], np.int32)
        if self.classes == 1:
            classes = np.minimum(classes, 0)
        keypoints = random.uniform(-0.05, 1.0, size=(2, 4, 8, 2)).astype(np.float32)
        keypoints[0, 0, 1] = keypoints[1, 1, 3] = keypoints[0, 1, 6] = np.nan
        soft = [[[1, 1, 0], [0, 0.5, 0.5], [0, 0, 1], [0] * 3], [[1, 0, 1], [0.2, 0, 0.4], [0] * 3, [0] * 3]]
        depths = random.normal(size=(2, 4, 8)).astype(np.float32)
        depths[0, 0, 2] = np.nan
        optional = {
            "class_targets": np.array(soft, np.float32),
            "keypoints": keypoints,
            "keypoint_depths": depths,
            "keypoint_depth_weights": random.uniform(0.5, 1, size=(2, 4, 8)).astype(np.float32),
            "labeled_classes": np.array([[1, 0, 1], [1, 1, 0]], np.float32),
        }
        return {
            "boxes": np.array(boxes, np.float32),
            "classes": classes,
            "weights": np.array([[1.0, 1.0, 1.0, 0.0], [1.0, 0.5, 0.0, 0.0]], np.float32),
            "num_boxes": np.array([3, 2], np.int32),
            **{name: optional[name] for name in self.extra},
        }


def _values(name: str, channels: int, stack: int) -> np.ndarray:
    random = np.random.default_rng([crc32(name.encode()), stack])
    middle, spread = {
        "scale": (6.0, 3.0),
        "offset": (0.5, 0.3),
        "regression": (0.0, 3.0),
        "heatmap": (-1.5, 1.5),
    }.get(name.rpartition("/")[2], (0.0, 1.5))
    return random.normal(middle, spread, size=(2, SIDE, SIDE, channels)).astype(np.float32)


_BOX_HEADS = {"box/scale": 2, "box/offset": 2}


def _boxes(name: str, text: str = "", **options: Any) -> Case:
    return Case(name, f"{BOXES} {text}", _BOX_HEADS, **options)


def _center(name: str, text: str, **options: Any) -> Case:
    return _boxes(name, f"object_center_params {{ {text} }}", **options)


def _task(text: str, class_: str = "person") -> str:
    return f"""keypoint_estimation_task {{
      task_name: "{class_}" keypoint_class_name: "{class_}" loss {{ {_FOCAL} {_L1} }} {text}
    }}"""


def _heads(text: str, class_: str) -> dict[str, int]:
    count = COUNTS[class_]
    heads = {
        f"{class_}/keypoint/heatmap": count,
        f"{class_}/keypoint/regression": 2 * count,
        f"{class_}/keypoint/offset": 2 * count if "per_keypoint_offset" in text else 2,
    }
    if "predict_depth" in text:
        heads[f"{class_}/keypoint/depth"] = count if "per_keypoint_depth" in text else 1
    return heads


def _points(
    name: str, text: str = "", more: str = "", *, boxes: bool = True, dog: str | None = None, **options: Any
) -> Case:
    """A case with a keypoint task for persons, and one for dogs if there is a text for it."""
    tasks = {"person": text, **({} if dog is None else {"dog": dog})}
    heads = dict(_BOX_HEADS) if boxes else {}
    for class_, own in tasks.items():
        heads.update(_heads(own, class_))
    written = " ".join(_task(own, class_) for class_, own in tasks.items())
    options["extra"] = ("keypoints", *options.get("extra", ()))
    return Case(name, f"{BOXES if boxes else ''} {written} {more}", heads, **options)


def _one_class(name: str, text: str = "", more: str = "", **options: Any) -> Case:
    return _points(name, text, f"num_classes: 1 {more}", classes=1, **options)


def _loss(text: str) -> str:
    return f"loss {{ {text} }}"


_NMS = "post_processing { batch_non_max_suppression { change_coordinate_frame: false %s } }"
_DEPTHS = ("keypoint_depths", "keypoint_depth_weights")
_STD = "".join(
    f'keypoint_label_to_std {{ key: "{name}" value: {value} }} '
    for name, value in (("head", 0.4), ("left_hand", 2.0), ("right_foot", 0.9))
)

CASES = [
    _boxes("plain"),
    _boxes("two_stacks", stacks=2),
    _boxes("sparse", "compute_heatmap_sparse: true"),
    _boxes("class_targets", extra=("class_targets",)),
    Case("weights", "object_detection_task { task_loss_weight: 2 offset_loss_weight: 0.3 scale_loss_weight: 0.7 "
         f"{_L1} }} object_center_params {{ object_center_loss_weight: 1.7 }}", _BOX_HEADS),
    _center("overlap", "min_box_overlap_iou: 0.3"),
    _center("labeled_classes", "use_labeled_classes: true", extra=("labeled_classes",)),
    _center("powers", "classification_loss { penalty_reduced_logistic_focal_loss { alpha: 1.5 beta: 3 } }"),
    _center("sigmoid", "classification_loss { weighted_sigmoid { } }"),
    _center("focal", "classification_loss { weighted_sigmoid_focal { alpha: 0.3 } }"),
    _center("bootstrapped", "classification_loss { bootstrapped_sigmoid { alpha: 0.7 } }"),
    _center("softmax", "classification_loss { weighted_softmax { } }"),
    _center("dice", "classification_loss { weighted_dice_classification_loss { } }"),
    _center("every_place", "peak_max_pool_kernel_size: 1", detections_only=True),
    _center("wide_peaks", "peak_max_pool_kernel_size: 5 max_box_predictions: 20", detections_only=True),
    _center("one_box", "max_box_predictions: 1", detections_only=True),
    _boxes("smooth_l1", "object_detection_task { localization_loss { weighted_smooth_l1 { } } }"),
    _boxes("l2", "object_detection_task { localization_loss { weighted_l2 { } } }"),
    _boxes("iou", "object_detection_task { localization_loss { weighted_iou { } } }"),
    _boxes("nms", _NMS % "iou_threshold: 0.2 max_detections_per_class: 3 max_total_detections: 8", detections_only=True),
    _boxes("nms_soft", _NMS % "soft_nms_sigma: 0.4 score_threshold: 0.4 max_detections_per_class: 10 max_total_detections: 12",
           detections_only=True),
    _boxes("nms_agnostic", _NMS % "iou_threshold: 0.2 use_class_agnostic_nms: true max_detections_per_class: 10 max_total_detections: 10",
           detections_only=True),
    _boxes("nms_frame", "post_processing { batch_non_max_suppression { } }", detections_only=True),
    _points("points"),
    _points("points_two_stacks", stacks=2),
    _points("points_two_tasks", "per_keypoint_offset: true", dog="offset_peak_radius: 1"),
    _points("points_class_targets", extra=("class_targets",)),
    _points("points_std", _STD),
    _points("points_around", "offset_peak_radius: 2"),
    _points("points_around_each", "offset_peak_radius: 3 per_keypoint_offset: true"),
    _points("points_weights", "task_loss_weight: 2 keypoint_regression_loss_weight: 0.1 keypoint_heatmap_loss_weight: 0.3 "
            "keypoint_offset_loss_weight: 0.7"),
    _points("points_sigmoid", _loss("classification_loss { weighted_sigmoid { } }")),
    _points("points_softmax", _loss("classification_loss { weighted_softmax { } }")),
    _points("points_smooth_l1", _loss("localization_loss { weighted_smooth_l1 { } }")),
    _points("points_without_boxes", boxes=False),
    _points("by_ratio", 'candidate_ranking_mode: "score_distance_ratio" score_distance_offset: 0.5', detections_only=True),
    _points("by_scaled_ratio", 'candidate_ranking_mode: "score_scaled_distance_ratio" score_distance_multiplier: 0.3',
            detections_only=True),
    _points("by_gaussian", f'candidate_ranking_mode: "gaussian_weighted" std_dev_multiplier: 6 {_STD} '
            "keypoint_candidate_score_threshold: 0.02", detections_only=True),
    _points("by_anything", 'candidate_ranking_mode: "nearest"', detections_only=True),
    _points("by_gaussian_without_boxes", 'candidate_ranking_mode: "gaussian_weighted"', boxes=False, detections_only=True),
    _points("few_candidates", "num_candidates_per_keypoint: 5 keypoint_candidate_score_threshold: 0.6", detections_only=True),
    _points("near_candidates", "box_scale: 0.8 candidate_search_scale: 0.1 unmatched_keypoint_score: 0.05",
            detections_only=True),
    _points("flat_peaks", "peak_max_pool_kernel_size: 1", detections_only=True),
    _points("clipped", "clip_out_of_frame_keypoints: true", detections_only=True),
    _points("clipped_two", "clip_out_of_frame_keypoints: true", dog="clip_out_of_frame_keypoints: true", detections_only=True),
    _points("clipped_one_of_two", "clip_out_of_frame_keypoints: true", dog="", detections_only=True),
    _points("rescored", "rescore_instances: true rescoring_threshold: 0.3", detections_only=True),
    _points("rescored_nms", "rescore_instances: true",
            _NMS % "iou_threshold: 0.2 max_detections_per_class: 3 max_total_detections: 8", detections_only=True),
    _points("depth_of_many", "predict_depth: true", extra=_DEPTHS),
    _one_class("one_class"),
    _one_class("one_class_rescored", "rescore_instances: true rescoring_threshold: 0.2", detections_only=True),
    _one_class("depth", "predict_depth: true keypoint_depth_loss_weight: 0.4 offset_peak_radius: 1", extra=_DEPTHS),
    _one_class("depth_each", "predict_depth: true per_keypoint_depth: true", extra=_DEPTHS),
    _one_class("argmax", 'argmax_postprocessing: true candidate_ranking_mode: "gaussian_weighted_const" '
               "per_keypoint_offset: true gaussian_denom_ratio: 0.3", detections_only=True),
    _one_class("argmax_by_distance", "argmax_postprocessing: true per_keypoint_offset: true", detections_only=True),
    _one_class("center_from_points", "", "object_center_params { keypoint_weights_for_center: [1, 0, 0.5, 0.5, 2] }", boxes=False),
]  # fmt: skip
