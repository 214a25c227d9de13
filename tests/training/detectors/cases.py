"""Settings of SSD with small made-up predictions, answered by the OD API (`tools/od_api/ssd_cases.py`) and by us."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

BASE = """
num_classes: 3
box_coder { faster_rcnn_box_coder {} }
matcher { argmax_matcher { force_match_for_each_row: true } }
similarity_calculator { iou_similarity {} }
encode_background_as_zeros: true
anchor_generator { multiscale_anchor_generator {
  min_level: 4 max_level: 5 anchor_scale: 1.5 aspect_ratios: 1 scales_per_octave: 2 } }
post_processing {
  batch_non_max_suppression { score_threshold: 0.3 iou_threshold: 0.4 max_detections_per_class: 8 max_total_detections: 12 }
  score_converter: SIGMOID
}
loss { classification_loss { weighted_sigmoid {} } localization_loss { weighted_smooth_l1 {} } }
"""
SHAPES = [(4, 4), (2, 2)]
TRUE_SHAPES = [[64, 64, 3], [64, 40, 3]]
ANCHORS = 40
KEYPOINTS = 2


class Case(NamedTuple):
    """Options of the `Ssd` message on top of `BASE`; `extra` names the optional groundtruth that it needs."""

    name: str
    text: str
    extra: tuple[str, ...] = ()
    code_size: int = 4
    slots: int = 4
    num_classes: int = 3
    detections: bool = False
    detections_only: bool = False

    def arrays(self) -> dict[str, Any]:
        """Predictions and padded groundtruth by name."""
        random = np.random.default_rng(7)
        codes = random.normal(size=(2, ANCHORS, 8)).astype(np.float32)[..., : self.code_size]
        logits = random.normal(scale=1.5, size=(2, ANCHORS, 4)).astype(np.float32)[..., : self.slots]
        soft = np.array([[[0.7, 0.2, 0.1], [0, 0.5, 0.5], [0, 0, 0]], [[1, 0, 1], [0.2, 0.1, 0.4], [0] * 3]])
        signed = np.array([[[1, 0, -1], [0, -1, 0], [0, 0.6, 0]], [[0, -1, -1], [1, 0, 0], [0] * 3]])
        optional = {
            "class_targets": soft.astype(np.float32),
            "confidences": signed.astype(np.float32),
            "keypoints": random.uniform(size=(2, 3, KEYPOINTS, 2)).astype(np.float32),
        }
        optional["keypoints"][0, 1, 0] = np.nan
        boxes = [
            [[0.0, 0.0, 0.4, 0.47], [0.3, 0.3, 0.95, 0.9], [0.56, 0.1, 0.8, 0.3]],
            [[0.5, 0.2, 1.0, 0.62], [0.05, 0.35, 0.3, 0.6], [0.0] * 4],
        ]
        return {
            "codes": codes,
            "logits": logits,
            "boxes": np.array(boxes, np.float32),
            "classes": np.array([[0, 2, 1], [1, 0, -1]], np.int32),
            "weights": np.array([[1.0, 0.5, 1.0], [1.0, 1.0, 0.0]], np.float32),
            "num_boxes": np.array([3, 2], np.int32),
            **{name: optional[name] for name in self.extra},
        }


_SOFTMAX = "encode_background_as_zeros: false loss { classification_loss { weighted_softmax { } } }"
_NMS = "post_processing { batch_non_max_suppression { %s } }"
_CALIBRATION = "post_processing { calibration_config { %s } }"
_CURVE = "x_y_pair { x: 0.1 y: 0.05 } x_y_pair { x: 0.5 y: 0.7 } x_y_pair { x: 1 y: 0.95 }"


def _loss(text: str) -> str:
    return f"loss {{ {text} }}"


def _detections(name: str, text: str, **options: Any) -> Case:
    return Case(name, text, detections=True, detections_only=True, **options)


CASES = [
    Case("plain", "", detections=True),
    Case("softmax", _SOFTMAX + " post_processing { score_converter: SOFTMAX }", detections=True),
    Case("focal", _loss("classification_loss { weighted_sigmoid_focal { alpha: 0.25 } }")),
    Case("bootstrapped", _loss("classification_loss { bootstrapped_sigmoid { alpha: 0.7 } }")),
    Case("logits_softmax", _loss("classification_loss { weighted_logits_softmax { logit_scale: 2 } }")),
    Case("penalty_reduced", _loss("classification_loss { penalty_reduced_logistic_focal_loss { alpha: 2 beta: 4 } }")),
    Case("dice", _loss("classification_loss { weighted_dice_classification_loss { } }")),
    Case("dice_squared", _loss("classification_loss { weighted_dice_classification_loss { squared_normalization: true } }")),
    Case("l2", _loss("localization_loss { weighted_l2 { } }")),
    Case("l1", _loss("localization_loss { l1_localization_loss { } }")),
    Case("focal_mined", _loss("classification_loss { weighted_sigmoid_focal { } } hard_example_miner { }")),
    Case("mined", _loss("hard_example_miner { max_negatives_per_positive: 2 min_negatives_per_image: 3 iou_threshold: 0.6 }")),
    Case("mined_few", _loss("hard_example_miner { num_hard_examples: 7 loss_type: LOCALIZATION }")),
    Case("mined_all", _loss("hard_example_miner { num_hard_examples: 0 loss_type: CLASSIFICATION max_negatives_per_positive: 3 iou_threshold: 0.99 }")),
    Case("sampled_all", _loss("random_example_sampler { }")),
    Case("sampled_none", _loss("random_example_sampler { positive_sample_fraction: 1 }")),
    Case("sampled_none_softmax", _SOFTMAX + _loss("random_example_sampler { positive_sample_fraction: 1 }")),
    Case("sampled_and_mined", _loss("random_example_sampler { positive_sample_fraction: 1 } hard_example_miner { }")),
    Case("expected_sampling", _loss("expected_loss_weights: EXPECTED_SAMPLING")),
    Case("no_normalizer", "normalize_loss_by_num_matches: false"),
    Case("by_code_size", "normalize_loc_loss_by_codesize: true " + _loss("localization_weight: 2 classification_weight: 0.5")),
    Case("negatives", "negative_class_weight: 0.3"),
    Case("no_background", "add_background_class: false", slots=3, detections=True),
    Case("square", "box_coder { square_box_coder { } }", code_size=3, detections=True),
    Case("mean_stddev", "box_coder { mean_stddev_box_coder { } }", detections=True),
    Case("keypoints", "normalize_loc_loss_by_codesize: true box_coder { keypoint_box_coder { num_keypoints: 2 } }",
         extra=("keypoints",), code_size=8, detections=True),
    Case("ioa", "similarity_calculator { ioa_similarity { } }"),
    Case("neg_sq_dist", "similarity_calculator { neg_sq_dist_similarity { } } matcher { argmax_matcher { ignore_thresholds: true } }"),
    Case("thresholded_iou", "similarity_calculator { thresholded_iou_similarity { iou_threshold: 0.3 } }"),
    Case("thresholded_iou_no_background", "add_background_class: false similarity_calculator { thresholded_iou_similarity { } }", slots=3),
    Case("ignored", "matcher { argmax_matcher { matched_threshold: 0.5 unmatched_threshold: 0.2 } }"),
    Case("bipartite", "matcher { bipartite_matcher { } }"),
    Case("class_targets", "", extra=("class_targets",)),
    Case("class_targets_softmax", _SOFTMAX, extra=("class_targets",)),
    Case("class_targets_focal", _loss("classification_loss { weighted_sigmoid_focal { alpha: 0.25 gamma: 1.5 } }"), extra=("class_targets",)),
    Case("class_targets_bootstrapped", _loss("classification_loss { bootstrapped_sigmoid { alpha: 0.7 hard_bootstrap: true } }"),
         extra=("class_targets",)),
    Case("class_targets_penalty_reduced", _loss("classification_loss { penalty_reduced_logistic_focal_loss { alpha: 2 beta: 4 } }"),
         extra=("class_targets",)),
    Case("class_targets_mined", _loss("hard_example_miner { max_negatives_per_positive: 2 }"), extra=("class_targets",)),
    Case("class_targets_sampled_none", _loss("random_example_sampler { positive_sample_fraction: 1 }"), extra=("class_targets",)),
    Case("explicit_background", "add_background_class: false explicit_background_class: true encode_background_as_zeros: false",
         extra=("class_targets",), slots=3, detections=True),
    Case("explicit_background_thresholded", "add_background_class: false explicit_background_class: true "
         "similarity_calculator { thresholded_iou_similarity { iou_threshold: 0.3 } } matcher { argmax_matcher { matched_threshold: 0.4 unmatched_threshold: 0.4 } }",
         extra=("class_targets",), slots=3),
    Case("two_backgrounds", "explicit_background_class: true", extra=("class_targets",)),
    Case("confidences", "use_confidences_as_targets: true implicit_example_weight: 0.4", extra=("confidences",)),
    Case("confidences_softmax", _SOFTMAX + " use_confidences_as_targets: true implicit_example_weight: 0.4", extra=("confidences",)),
    Case("confidences_focal", "use_confidences_as_targets: true implicit_example_weight: 0.1 negative_class_weight: 0.5 "
         "matcher { argmax_matcher { matched_threshold: 0.5 unmatched_threshold: 0.2 } } " + _loss("classification_loss { weighted_sigmoid_focal { alpha: 0.25 } }"), extra=("confidences",)),
    Case("confidences_sampled", "use_confidences_as_targets: true " + _loss("random_example_sampler { positive_sample_fraction: 1 }"), extra=("confidences",)),
    Case("confidences_no_background", "use_confidences_as_targets: true add_background_class: false", extra=("confidences",), slots=3),
    Case("equalization", _loss("equalization_loss { weight: 2 }")),
    Case("mask_head", "mask_head_config { }"),
    Case("raw_detections", "return_raw_detections_during_predict: true", detections=True),
    _detections("soft_nms", _NMS % "soft_nms_sigma: 0.5"),
    _detections("hard_despite_sigma", _NMS % "soft_nms_sigma: 0.5 use_hard_nms: true"),
    _detections("soft_static", _NMS % "soft_nms_sigma: 0.5 use_static_shapes: true"),
    _detections("class_agnostic", _NMS % "use_class_agnostic_nms: true"),
    _detections("class_agnostic_soft_hard", _NMS % "use_class_agnostic_nms: true soft_nms_sigma: 0.5 use_hard_nms: true"),
    _detections("class_agnostic_two", _NMS % "use_class_agnostic_nms: true max_classes_per_detection: 2"),
    _detections("two_classes", _NMS % "max_classes_per_detection: 2"),
    _detections("combined", _NMS % "use_combined_nms: true change_coordinate_frame: false"),
    _detections("not_combined", _NMS % "change_coordinate_frame: false"),
    _detections("combined_frame", _NMS % "use_combined_nms: true"),
    _detections("combined_soft", _NMS % "use_combined_nms: true change_coordinate_frame: false soft_nms_sigma: 0.5"),
    _detections("combined_agnostic", _NMS % "use_combined_nms: true change_coordinate_frame: false use_class_agnostic_nms: true"),
    _detections("static", _NMS % "use_static_shapes: true score_threshold: 0.9"),
    _detections("partitioned", _NMS % "use_static_shapes: true use_partitioned_nms: true"),
    _detections("negative_scores", "post_processing { score_converter: IDENTITY batch_non_max_suppression { score_threshold: -1 } }"),
    _detections("logit_scale", "post_processing { logit_scale: 0.5 }"),
    _detections("calibrated", _CALIBRATION % f"function_approximation {{ x_y_pairs {{ {_CURVE} }} }}"),
    _detections("calibrated_by_class", _CALIBRATION % f"class_id_function_approximations {{ class_id_xy_pairs_map {{ key: 2 value {{ {_CURVE} }} }} }}"),
    _detections("calibrated_by_class_no_background", "add_background_class: false " + _CALIBRATION %
                f"class_id_function_approximations {{ class_id_xy_pairs_map {{ key: 2 value {{ {_CURVE} }} }} }}", slots=3),
    _detections("temperature", "post_processing { logit_scale: 2 } " + _CALIBRATION % "temperature_scaling_calibration { scaler: 0.5 }"),
    _detections("sigmoid_calibration", _CALIBRATION % "sigmoid_calibration { sigmoid_parameters { a: -2 b: 1 } }"),
    _detections("sigmoid_calibration_by_class", _CALIBRATION %
                "class_id_sigmoid_calibrations { class_id_sigmoid_parameters_map { key: 1 value { a: -2 b: 1 } } }"),
]  # fmt: skip
