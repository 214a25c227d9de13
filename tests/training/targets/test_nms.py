"""Non-maximum suppression: equal to every variant of the OD API."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.training.detectors.postprocess import build_score_converter
from cfgtool.training.targets.nms import NonMaxSuppression, build_nms


@pytest.mark.reference
def test_recorded_selections(golden):
    for case in golden.cases("nms"):
        window = case.inputs.get("clip_window")
        if "combined" in case.id and window is None:
            window = np.array([[0.0, 0.0, 1.0, 1.0]] * 2, np.float32)  # the fused operation always clips
        nms = build_nms(case.config("BatchNonMaxSuppression"))
        boxes = tf.constant(case.inputs["boxes"])
        chosen = nms.select(
            boxes, tf.constant(case.inputs["scores"]), None if window is None else tf.constant(window)
        )
        np.testing.assert_array_equal(chosen.count, case.outputs["num_detections"], err_msg=case.id)
        np.testing.assert_array_equal(chosen.classes, case.outputs["classes"], err_msg=case.id)
        np.testing.assert_allclose(chosen.scores, case.outputs["scores"], atol=1e-6, err_msg=case.id)
        np.testing.assert_allclose(chosen.boxes, case.outputs["boxes"], atol=1e-6, err_msg=case.id)
        # The partitioned variant reports positions in its own sorted order, not in the input.
        if "index" in case.outputs and "partitioned" not in case.id:
            np.testing.assert_array_equal(chosen.indices, case.outputs["index"], err_msg=case.id)


@pytest.mark.reference
def test_recorded_score_conversions(golden):
    for case in golden.cases("score_converter"):
        logits = tf.constant(case.inputs["logits"])
        scores = build_score_converter(case.config("PostProcessing"))(logits)
        np.testing.assert_allclose(scores, case.outputs["out"], rtol=1e-6, err_msg=case.id)


BOXES = np.array([[[0, 0, 1, 1], [0, 0, 1, 0.9], [0, 2, 1, 3], [0, 0.5, 1, 0.5]]], np.float32)[
    :, :, np.newaxis
]
SCORES = np.array([[[0.9, 0.1], [0.8, 0.7], [0.3, 0.6], [0.5, 0.0]]], np.float32)


def test_classes_do_not_suppress_each_other_and_the_rest_is_zero():
    chosen = NonMaxSuppression(0.2, 0.5, 3, 6).select(tf.constant(BOXES), tf.constant(SCORES))
    assert chosen.count.numpy().tolist() == [5]
    assert chosen.indices.numpy().tolist() == [[0, 1, 2, 3, 2, 0]]
    assert chosen.classes.numpy().tolist() == [[0, 1, 1, 0, 0, 0]]
    np.testing.assert_allclose(chosen.scores, [[0.9, 0.7, 0.6, 0.5, 0.3, 0.0]])
    assert not chosen.boxes.numpy()[0, 5].any()


def test_boxes_outside_the_window_or_empty_are_dropped_and_the_frame_changes():
    window = tf.constant([[0.0, 0.0, 0.5, 1.0]])
    chosen = NonMaxSuppression(0.2, 0.5, 3, 4).select(tf.constant(BOXES), tf.constant(SCORES), window)
    assert chosen.count.numpy().tolist() == [2]
    np.testing.assert_allclose(chosen.boxes[0, :2], [[0, 0, 1, 1], [0, 0, 1, 0.9]])
    kept = NonMaxSuppression(0.2, 0.5, 3, 4, change_frame=False).select(
        tf.constant(BOXES), tf.constant(SCORES), window
    )
    np.testing.assert_allclose(kept.boxes[0, 0], [0, 0, 0.5, 1])


def test_of_each_box_that_is_left_the_best_classes_are_found(message):
    text = "score_threshold: 0.2 iou_threshold: 0.5 max_detections_per_class: 2 max_total_detections: 4"
    text += " use_class_agnostic_nms: true max_classes_per_detection: 2"
    nms = build_nms(message("BatchNonMaxSuppression", text))
    scores = SCORES.copy()
    scores[0, 0, 1] = 0.4
    chosen = nms.select(tf.constant(BOXES), tf.constant(scores))
    # Box 0 suppresses box 1; of box 3 the second class is below the threshold.
    assert chosen.count.numpy().tolist() == [4]
    assert chosen.indices.numpy().tolist() == [[0, 2, 3, 0]]
    assert chosen.classes.numpy().tolist() == [[0, 1, 0, 1]]
    np.testing.assert_allclose(chosen.scores, [[0.9, 0.6, 0.5, 0.4]])


def test_the_fused_suppression_keeps_boxes_outside_of_the_window(message):
    """As `tf.image.combined_non_max_suppression` does, which knows no window."""
    text = "score_threshold: 0.2 iou_threshold: 0.5 max_detections_per_class: 3 max_total_detections: 6"
    text += " use_combined_nms: true change_coordinate_frame: false"
    nms = build_nms(message("BatchNonMaxSuppression", text))
    window = tf.constant([[0.0, 0.0, 0.5, 1.0]])
    chosen = nms.select(tf.constant(BOXES), tf.constant(SCORES), window)
    fused = tf.image.combined_non_max_suppression(
        tf.constant(BOXES), tf.constant(SCORES), 3, 6, 0.5, 0.2, clip_boxes=False
    )
    np.testing.assert_array_equal(chosen.count, fused.valid_detections)
    np.testing.assert_array_equal(chosen.scores, fused.nmsed_scores)
    np.testing.assert_array_equal(chosen.classes, fused.nmsed_classes)
    clipped = np.clip(fused.nmsed_boxes, [0, 0, 0, 0], [0.5, 1, 0.5, 1])
    np.testing.assert_array_equal(chosen.boxes, clipped)
    assert (np.ptp(clipped[0, :5].reshape(5, 2, 2), axis=1) == 0).any()


def test_nothing_above_the_threshold():
    chosen = NonMaxSuppression(0.99).select(
        tf.constant(BOXES), tf.constant(SCORES), tf.constant([[0.0, 0, 1, 1]])
    )
    assert chosen.count.numpy().tolist() == [0]
    assert chosen.boxes.shape == (1, 100, 4)
    assert not chosen.scores.numpy().any()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("iou_threshold: 1.5", "iou_threshold' is '1.5'"),
        ("soft_nms_sigma: -1", "soft_nms_sigma' is '-1'"),
        (
            "max_detections_per_class: 50 max_total_detections: 10",
            "per_class' is '50'; .* at most max_total_detections '10'",
        ),
        ("soft_nms_sigma: 0.5 use_hard_nms: true", "switches off soft_nms_sigma '0.5'"),
        ("soft_nms_sigma: 0.5 use_static_shapes: true", "rules out soft_nms_sigma '0.5'"),
        (
            "use_class_agnostic_nms: true max_classes_per_detection: 2 soft_nms_sigma: 0.5",
            "lowers the score of the best class only",
        ),
        ("use_combined_nms: true", "cannot be combined with 'change_coordinate_frame'"),
    ],
)
def test_values_that_cannot_be_are_refused(message, text, said):
    with pytest.raises(UserError, match=said):
        build_nms(message("BatchNonMaxSuppression", text))
