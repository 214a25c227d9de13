"""Faster R-CNN against the OD API: from the same raw outputs, the same proposals, samples, losses and detections."""

from __future__ import annotations

import numpy as np
import pytest

from cfgtool.training.detectors.faster_rcnn.detector import MASKS

pytestmark = [pytest.mark.reference, pytest.mark.usefixtures("in_order")]

TF2 = [
    "golden/faster_rcnn_resnet50_v1",
    "golden/faster_rcnn_resnet50_v1__g05",
    "golden/faster_rcnn_resnet50_v1__g05__rect",
    "golden/faster_rcnn_resnet50_v1_fpn",
    "golden/mask_rcnn_inception_resnet_v2",
]
TF1 = [
    "golden_tf1/faster_rcnn_inception_resnet_v2_atrous_coco",
    "golden_tf1/faster_rcnn_inception_resnet_v2_atrous_coco__stride16",
    "golden_tf1/faster_rcnn_inception_v2_coco",
    "golden_tf1/faster_rcnn_resnet50_coco",
    "golden_tf1/mask_rcnn_inception_v2_coco",
]
SIZE = 256
"""The side of the images, in pixels."""
EXACT = ("detection_classes", "num_detections", "detection_anchor_indices", "num_proposals")


def test_every_recorded_detector_is_tested(shared):
    folder = shared / "oracle"
    found = {str(path.relative_to(folder).with_suffix("")) for path in folder.glob("golden*/*rcnn*.npz")}
    assert found == {*TF2, *TF1}


@pytest.mark.parametrize("name", [*TF2, *TF1])
def test_anchors_and_proposals(recording, name):
    recorded = recording(name)
    inference = recorded.detector.infer(recorded.network(), recorded.shapes)
    np.testing.assert_array_equal(inference.raw.anchors, recorded.arrays["predict/anchors"])
    np.testing.assert_array_equal(inference.proposals.count, recorded.arrays["predict/num_proposals"])
    np.testing.assert_allclose(
        inference.proposals.boxes / SIZE,
        recorded.arrays["predict/proposal_boxes_normalized"],
        atol=1e-6,
    )


@pytest.mark.parametrize("name", [*TF2, *TF1])
def test_detections(recording, name):
    recorded = recording(name)
    inference = recorded.detector.infer(recorded.network(), recorded.shapes)
    proposals = inference.proposals
    detections = {
        **inference.detections,
        "proposal_boxes": proposals.boxes,
        "proposal_boxes_normalized": proposals.boxes / SIZE,
        "proposal_scores": proposals.scores,
        "num_proposals": proposals.count,
    }
    place = "predict" if "predict/detection_boxes" in recorded.arrays else "detections"
    compared = 0
    for key, value in detections.items():
        full = f"{place}/{key}"
        if full not in recorded.arrays:
            continue
        want, got = recorded.stored(full, value.numpy())
        scale = SIZE if key == "proposal_boxes" else 1
        np.testing.assert_allclose(got, want, atol=0 if key in EXACT else 2e-6 * scale, err_msg=key)
        compared += 1
    assert compared >= 7


@pytest.mark.parametrize("name", TF2)
def test_losses_of_inference(recording, name):
    recorded = recording(name)
    network = recorded.network()
    inference = recorded.detector.infer(network, recorded.shapes)
    losses = recorded.detector.inference_losses(network, inference, recorded.truth())
    assert set(losses) == set(recorded.detector.loss_terms)
    for key, value in losses.items():
        want = recorded.arrays[f"loss/inference/Loss/{key}"]
        np.testing.assert_allclose(value, want, rtol=2e-6, err_msg=key)


@pytest.mark.parametrize("name", TF2)
def test_losses_and_samples_of_training(recording, name):
    recorded = recording(name)
    network = recorded.network("predict_train")
    losses = recorded.detector.training_losses(network, recorded.shapes, recorded.truth())
    np.testing.assert_allclose(
        network.asked[0], recorded.arrays["predict_train/proposal_boxes_normalized"], atol=1e-6
    )
    assert set(losses) == set(recorded.detector.loss_terms)
    for key, value in losses.items():
        if key != MASKS:  # of which all predictions are needed
            want = recorded.arrays[f"loss/train/Loss/{key}"]
            np.testing.assert_allclose(value, want, rtol=2e-6, err_msg=key)
