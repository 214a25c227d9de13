"""Image scaling of the SSD feature extractors."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.training.detectors.normalisation import ssd_normalisation


@pytest.mark.reference
def test_recorded_scalings(shared):
    folder = shared / "oracle" / "golden"
    arrays = np.load(folder / "preprocess.npz")
    cases = json.loads((folder / "preprocess.json").read_text())["cases"]
    cases = [case for case in cases if case["id"].startswith("normalisation/ssd_")]
    assert len(cases) == 15
    for case in cases:
        image, want = arrays[case["inputs"]["image"]], arrays[case["outputs"]["out"]]
        out = ssd_normalisation(case["id"].split("/")[1]).apply(tf.constant(image))
        np.testing.assert_allclose(out, want, rtol=1e-5, atol=2e-5, err_msg=case["id"])


@pytest.mark.parametrize(
    ("type_", "black", "white"),
    [
        ("ssd_mobilenet_v2_keras", [-1.0] * 3, [1.0] * 3),
        ("ssd_resnet50_v1_fpn", [-123.68, -116.779, -103.939], [131.32, 138.221, 151.061]),
        ("ssd_efficientnet-b0_bifpn_keras", [-2.1179, -2.0357, -1.8044], [2.2489, 2.4286, 2.64]),
    ],
)
def test_range(type_, black, white):
    image = tf.constant([[[0, 0, 0], [255, 255, 255]]], tf.uint8)
    np.testing.assert_allclose(ssd_normalisation(type_).apply(image)[0], [black, white], rtol=1e-4)


def test_grey_images_are_scaled_where_all_channels_are_alike():
    assert ssd_normalisation("ssd_mobilenet_v1").apply(tf.ones([4, 4, 1])).shape == (4, 4, 1)
