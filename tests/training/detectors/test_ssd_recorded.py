"""SSD against the OD API: from the same predictions, the same anchors, targets, losses and detections."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.training.detectors.ssd import SsdDetector

pytestmark = pytest.mark.reference

TF2 = [
    "golden/ssd_efficientdet_d0",
    "golden/ssd_efficientdet_d0__rect",
    "golden/ssd_efficientdet_d1",
    "golden/ssd_mobilenet_v1_fpn",
    "golden/ssd_mobilenet_v1_keras",
    "golden/ssd_mobilenet_v2",
    "golden/ssd_mobilenet_v2_fpnlite",
    "golden/ssd_resnet50_v1_fpn",
    "golden/ssd_resnet50_v1_fpn__g05",
]
TF1 = [
    "golden_tf1/ssd_inception_v2_coco",
    "golden_tf1/ssd_mobilenet_v1_coco",
    "golden_tf1/ssd_mobilenet_v1_fpn_shared_box_predictor_640x640_coco14_sync",
    "golden_tf1/ssd_mobilenet_v2_coco",
    "golden_tf1/ssd_resnet50_v1_fpn_shared_box_predictor_640x640_coco14_sync",
    "golden_tf1/ssdlite_mobilenet_v3_large_320x320_coco",
]


def test_every_recorded_ssd_is_tested(shared):
    folder = shared / "oracle"
    found = {str(path.relative_to(folder).with_suffix("")) for path in folder.glob("golden*/ssd*.npz")}
    assert found == {*TF2, *TF1}


@pytest.mark.parametrize("name", [*TF2, *TF1])
def test_anchors(recording, name):
    recorded = recording(name)
    np.testing.assert_array_equal(recorded.detector().anchors, recorded.anchors())


@pytest.mark.parametrize("name", TF2)
def test_targets(recording, name):
    recorded = recording(name)
    targets = recorded.detector().assign(recorded.groundtruth())
    match = targets.match.numpy()
    np.testing.assert_array_equal(match, recorded.arrays["targets/match"])
    np.testing.assert_array_equal(np.argwhere(match >= 0), recorded.arrays["targets/positive_index"])
    np.testing.assert_allclose(
        targets.codes.numpy()[match >= 0], recorded.arrays["targets/positive_reg_targets"], atol=1e-5
    )
    one_hot = tf.one_hot(targets.slots, recorded.detector().slots).numpy()
    want, got = recorded.stored("targets/cls_targets", one_hot)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("name", TF2)
def test_losses(recording, name):
    recorded = recording(name)
    losses = recorded.detector().loss(recorded.predictions(), recorded.groundtruth())
    for key, value in losses.items():
        want = recorded.arrays[f"loss/inference/Loss/{key}"]
        np.testing.assert_allclose(value, want, rtol=1e-6, err_msg=key)


@pytest.mark.parametrize("name", [*TF2, *TF1])
def test_detections(recording, name):
    recorded = recording(name)
    detections = recorded.detector().postprocess(
        recorded.predictions(), tf.constant(recorded.arrays["true_image_shapes"])
    )
    for key, value in detections.items():
        want, got = recorded.stored(f"detections/{key}", value.numpy())
        exact = key in ("detection_classes", "num_detections", "detection_anchor_indices")
        np.testing.assert_allclose(got, want, atol=0 if exact else 1e-6, err_msg=key)


@pytest.mark.parametrize("name", ["golden/ssd_mobilenet_v1_keras", "golden/ssd_mobilenet_v2_fpnlite"])
def test_losses_are_the_same_in_a_traced_function_with_padding(recording, name):
    recorded = recording(name)
    predictions, groundtruth = recorded.predictions(), recorded.groundtruth(width=20)
    eager = recorded.detector().loss(predictions, groundtruth)
    for trim in (True, False):
        detector: SsdDetector = recorded.detector(trim_padding=trim)
        traced = tf.function(detector.loss)(predictions, groundtruth)
        for key, value in traced.items():
            np.testing.assert_allclose(value, eager[key], rtol=1e-6, err_msg=f"{key}, trim {trim}")
