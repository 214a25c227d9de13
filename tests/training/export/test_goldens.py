"""Exported networks with the reference weights against detections recorded from the OD API."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.schema import Config
from cfgtool.training.assemblies import build_assembly
from cfgtool.training.export.options import ExportOptions
from cfgtool.training.export.saved_model import DetectionModule, save_model
from cfgtool.training.export.tflite import convert
from cfgtool.training.input.preprocess import Preprocessor

from .. import reference

pytestmark = [pytest.mark.reference, pytest.mark.slow]


NETWORKS = ["ssd_mobilenet_v2", "ssd_mobilenet_v2_fpnlite", "ssd_efficientdet_d0"]


class Case:
    """A network with reference weights, its image pair, and the recorded detections."""

    def __init__(self, shared: Path, name: str) -> None:
        path = shared / "oracle" / "golden" / name
        self.config: Config = reference.read(path.with_suffix(".config"))
        self.golden = np.load(path.with_suffix(".npz"))
        inputs = reference.inputs(shared)
        self.assembly = build_assembly(self.config)
        keys = {str(variable.tf2_key): variable for variable in self.assembly.weights.described}
        values = reference.reference_values(inputs, {key: variable.shape for key, variable in keys.items()})
        self.assembly.weights.assign({keys[key].name: value for key, value in values.items()})
        height, width, _ = self.assembly.network.description.input_shape
        self.images: np.ndarray = inputs.image(height, width)

    def compare(self, number: int, boxes: np.ndarray, classes: np.ndarray, scores: np.ndarray) -> None:
        """Detections of one image, best first, classes from 0, with as many recorded ones."""
        count = len(scores)
        assert count > 9
        want = {
            key: self.golden[f"detections/detection_{key}"][number, :count]
            for key in ("boxes", "classes", "scores")
        }
        np.testing.assert_allclose(scores, want["scores"], rtol=0, atol=1e-3)
        # Detections whose scores are as good as equal may swap places, at the end also with ones not shown.
        everything = {key: self.golden[f"detections/detection_{key}"][number] for key in want}
        distance = np.abs(boxes[:, None] - everything["boxes"][None]).max(axis=2)
        same = (distance < 1e-3) & (classes[:, None] == everything["classes"][None])
        near = np.abs(scores[:, None] - everything["scores"][None]) < 1e-3
        assert (same & near).any(axis=1).all()


@pytest.fixture(scope="module", params=NETWORKS)
def case(shared: Path, request: pytest.FixtureRequest) -> Case:
    return Case(shared, request.param)


def test_saved_models_detect_what_the_od_api_does(case: Case, tmp_path: Path) -> None:
    module = DetectionModule(case.config, case.assembly, "image_tensor", any_batch=True)
    save_model(module, tmp_path / "saved_model")
    found = tf.saved_model.load(str(tmp_path / "saved_model"))(tf.constant(case.images, tf.uint8))
    np.testing.assert_array_equal(found["num_detections"], case.golden["detections/num_detections"])
    for number in range(len(case.images)):
        boxes, classes, scores = (
            found[f"detection_{key}"][number].numpy() for key in ("boxes", "classes", "scores")
        )
        case.compare(number, boxes, classes - 1, scores)


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_tflite_models_detect_what_the_od_api_does(case: Case, tmp_path: Path) -> None:
    options = ExportOptions(tmp_path, format="tflite", regular_nms=True)
    model = convert(case.config, case.assembly, options, str(tmp_path / "work"))
    interpreter = tf.lite.Interpreter(model_content=model)
    runner = interpreter.get_signature_runner()
    image, _ = Preprocessor(case.config.message("model"))(tf.constant(case.images[0], tf.float32))
    count, scores, classes, boxes = runner(input=image[tf.newaxis]).values()
    assert count == 10
    case.compare(0, boxes[0].clip(0, 1), classes[0], scores[0])
