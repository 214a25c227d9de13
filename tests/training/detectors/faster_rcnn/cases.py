"""Settings of Faster R-CNN with small made-up outputs, answered by the OD API (`tools/od_api/faster_rcnn_cases.py`) and
by us.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

BASE = """
num_classes: 3
first_stage_anchor_generator { grid_anchor_generator {
  height: 32 width: 32 height_stride: 16 width_stride: 16 scales: [0.7, 1.3] aspect_ratios: [1.0, 2.0] } }
first_stage_minibatch_size: 16
first_stage_max_proposals: 12
second_stage_batch_size: 8
initial_crop_size: 4 maxpool_kernel_size: 2 maxpool_stride: 2
second_stage_post_processing {
  batch_non_max_suppression { score_threshold: 0.1 iou_threshold: 0.5 max_detections_per_class: 6 max_total_detections: 8 }
  score_converter: SOFTMAX
}
"""
SIZE = 64
MOST = 12
"""Boxes that the later stages have an answer for."""
MASK = 5
CELLS = {"grid_anchor_generator": ([(4, 4)], 64), "multiscale_anchor_generator": ([(4, 4), (2, 2)], 40)}
"""The feature maps that a generator gets, and how many anchors it makes of them."""


class Case(NamedTuple):
    """Options of the `FasterRcnn` message on top of `BASE`, and what the made-up network answers.

    `boxes` and `masks` are the numbers of classes that boxes and masks are predicted for; `padded`: the second image
    ends before the network's input does; `soft`: a groundtruth box may be of several classes; `empty`: the second
    image has no groundtruth; `static`: the sampler of the OD API for static shapes is used.
    """

    name: str
    text: str = ""
    anchors: str = "grid_anchor_generator"
    boxes: int = 3
    masks: int = 0
    images: int = 2
    padded: bool = True
    soft: bool = False
    empty: bool = False
    static: bool = False
    predictor: str = "mask_rcnn_box_predictor"

    @property
    def true_shapes(self) -> list[list[int]]:
        """Height, width and channels of the images before padding."""
        return [[SIZE, SIZE, 3], [SIZE, 48 if self.padded else SIZE, 3]][: self.images]

    def arrays(self) -> dict[str, Any]:
        """Outputs and padded groundtruth by name."""
        random = np.random.default_rng(11)
        anchors = CELLS[self.anchors][1]

        def normal(*shape: int, scale: float = 1.0) -> np.ndarray[Any, Any]:
            return random.normal(scale=scale, size=(2, *shape)).astype(np.float32)

        boxes = [
            [[0.0, 0.0, 0.4, 0.47], [0.3, 0.3, 0.95, 0.72], [0.56, 0.1, 0.8, 0.3]],
            [[0.5, 0.2, 1.0, 0.62], [0.05, 0.35, 0.3, 0.6], [0.0] * 4],
        ]
        soft = np.array([[[0.7, 0.2, 0.1], [0, 0.4, 0.6], [0, 1, 0]], [[1, 0, 1], [0.2, 0.1, 0.4], [0] * 3]])
        y, x = np.meshgrid(*[(np.arange(SIZE) + 0.5) / SIZE] * 2, indexing="ij")
        masks = [
            [
                (y > t) & (y < b) & (x > l) & (x < r) & (x + y > t + l + 0.1)
                for t, l, b, r in rows  # noqa: E741
            ]
            for rows in boxes
        ]
        counts = [3, 0 if self.empty else 2]
        found = {
            "codes": normal(anchors, 4, scale=0.7),
            "logits": normal(anchors, 2, scale=1.5),
            # Detections with masks are to lie on the groundtruth, for that their loss is one of something.
            "box_codes": normal(MOST, 3, 4, scale=0.2 if self.masks else 1.0)[:, :, : self.boxes],
            "box_logits": normal(MOST, 4, scale=1.5),
            "mask_logits": normal(MOST, 3, MASK, MASK)[:, :, : max(self.masks, 1)],
            "boxes": np.array(boxes, np.float32),
            "classes": np.array([[0, 2, 1], [1, 0, -1]], np.int32),
            "class_targets": soft.astype(np.float32),
            "weights": np.array([[1.0, 0.5, 1.0], [1.0, 1.0, 0.0]], np.float32),
            "masks": np.array(masks, np.uint8),
            "num_boxes": np.array(counts, np.int32),
        }
        return {name: value[: self.images] for name, value in found.items()}


_LOSS = "second_stage_classification_loss { %s }"
_SCORES = " second_stage_post_processing { %s }"
_NMS = "second_stage_post_processing { batch_non_max_suppression { %s } }"
_MASKS = "number_of_stages: 3 "
_MULTISCALE = """first_stage_anchor_generator { multiscale_anchor_generator {
  min_level: 4 max_level: 5 anchor_scale: 1.5 aspect_ratios: 1 scales_per_octave: 2 normalize_coordinates: false } }"""
_STATIC = "use_static_shapes: true use_static_balanced_label_sampler: true "
_CURVE = "x_y_pair { x: 0.1 y: 0.05 } x_y_pair { x: 0.5 y: 0.7 } x_y_pair { x: 1 y: 0.95 }"

CASES = [
    Case("plain"),
    Case("clipped_anchors", "clip_anchors_to_image: true"),
    Case("small_minibatch", "first_stage_minibatch_size: 5"),
    Case("few_positives", "first_stage_positive_balance_fraction: 0.1"),
    Case("strict_nms", "first_stage_nms_iou_threshold: 0.2"),
    Case("sure_proposals", "first_stage_nms_score_threshold: 0.8"),
    Case("few_proposals", "first_stage_max_proposals: 4 second_stage_batch_size: 3"),
    Case("few_sampled", "second_stage_batch_size: 4 second_stage_balance_fraction: 0.5"),
    Case("weights", "first_stage_localization_loss_weight: 2 first_stage_objectness_loss_weight: 3"
         " second_stage_localization_loss_weight: 0.5 second_stage_classification_loss_weight: 0.25"),
    Case("sigmoid", _LOSS % "weighted_sigmoid { }" + _SCORES % "score_converter: SIGMOID"),
    Case("focal", _LOSS % "weighted_sigmoid_focal { alpha: 0.25 gamma: 2 }" + _SCORES % "score_converter: SIGMOID"),
    Case("softmax_scaled", _LOSS % "weighted_softmax { logit_scale: 2 }" + _SCORES % "logit_scale: 2"),
    Case("logits_softmax", _LOSS % "weighted_logits_softmax { logit_scale: 2 }"),
    Case("raw_scores", _SCORES % "score_converter: IDENTITY"),
    Case("shared_boxes", boxes=1),
    Case("one_stage", "number_of_stages: 1", padded=False),
    Case("masks", _MASKS, masks=3, padded=False),
    Case("masks_weighted", _MASKS + "second_stage_mask_prediction_loss_weight: 3 resize_masks: false", masks=3, padded=False),
    Case("masks_agnostic", _MASKS + "use_matmul_crop_and_resize: true", masks=1, padded=False),
    Case("mined", "hard_example_miner { num_hard_examples: 5 iou_threshold: 0.6 }", images=1),
    Case("mined_by_class", "hard_example_miner { num_hard_examples: 0 loss_type: CLASSIFICATION iou_threshold: 0.3 }", images=1),
    Case("static", _STATIC + "use_matmul_gather_in_matcher: true clip_anchors_to_image: true first_stage_minibatch_size: 8", static=True),
    Case("static_in_evaluation", _STATIC + "use_static_shapes_for_eval: true use_partitioned_nms_in_first_stage: false"
         " clip_anchors_to_image: true first_stage_minibatch_size: 8", static=True),
    Case("combined_nms", "use_combined_nms_in_first_stage: true"),
    Case("several_classes", soft=True),
    Case("several_classes_sigmoid", _LOSS % "weighted_sigmoid { }", soft=True),
    Case("no_groundtruth", empty=True),
    Case("pyramid", _MULTISCALE, anchors="multiscale_anchor_generator"),
    Case("soft_nms", _NMS % "soft_nms_sigma: 0.5"),
    Case("agnostic_nms", _NMS % "use_class_agnostic_nms: true"),
    Case("own_frame", _NMS % "change_coordinate_frame: false"),
    Case("calibrated", _SCORES % f"calibration_config {{ function_approximation {{ x_y_pairs {{ {_CURVE} }} }} }}"),
    Case("rfcn", predictor="rfcn_box_predictor"),
]  # fmt: skip
