"""Exported networks with the reference weights against detections recorded from the OD API."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.training.export.saved_model import DetectionModule, save_model
from cfgtool.training.run.assembly import Assembly

from .. import reference

pytestmark = [pytest.mark.reference, pytest.mark.slow]


@pytest.mark.parametrize("name", ["ssd_mobilenet_v2", "ssd_mobilenet_v2_fpnlite", "ssd_efficientdet_d0"])
def test_detections_equal_those_of_the_od_api(shared: Path, tmp_path: Path, name: str) -> None:
    path = shared / "oracle" / "golden" / name
    config = reference.read(path.with_suffix(".config"))
    golden = np.load(path.with_suffix(".npz"))
    inputs = reference.inputs(shared)
    assembly = Assembly(config)
    keys = {str(variable.tf2_key): variable for variable in assembly.weights.described}
    values = reference.reference_values(inputs, {key: variable.shape for key, variable in keys.items()})
    assembly.weights.assign({keys[key].name: value for key, value in values.items()})
    save_model(DetectionModule(config, assembly, "image_tensor", any_batch=True), tmp_path / "saved_model")

    height, width, _ = assembly.network.description.input_shape
    images = inputs.image(height, width)
    found = tf.saved_model.load(str(tmp_path / "saved_model"))(tf.constant(images, tf.uint8))
    count = golden["detections/num_detections"].astype(int)
    np.testing.assert_array_equal(found["num_detections"], count)
    for image, real in enumerate(count):
        want = {
            key: golden[f"detections/{key}"][image, :real]
            for key in ("detection_boxes", "detection_scores", "detection_classes")
        }
        got = {key: found[key][image, :real].numpy() for key in want}
        np.testing.assert_allclose(got["detection_scores"], want["detection_scores"], rtol=0, atol=1e-3)
        # Detections whose scores are as good as equal may swap places.
        distance = np.abs(got["detection_boxes"][:, None] - want["detection_boxes"][None]).max(axis=2)
        same = (distance < 1e-3) & (got["detection_classes"][:, None] == want["detection_classes"][None] + 1)
        near = np.abs(got["detection_scores"][:, None] - want["detection_scores"][None]) < 1e-3
        assert (same & near).any(axis=1).all()
        assert (same & near).any(axis=0).all()
