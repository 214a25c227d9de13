"""TFLite models: outputs of the OD API's converter, detections of the SavedModel, quantisation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.checkpoints import open_checkpoint
from cfgtool.errors import UserError
from cfgtool.training.export.images import load_image
from cfgtool.training.export.options import ExportOptions
from cfgtool.training.export.plan import plan_export
from cfgtool.training.export.predictors import quantized, saved_model_predictor, tflite_predictor
from cfgtool.training.export.tflite import sample_images
from cfgtool.training.run.drawing import Boxes
from cfgtool.training.run.job import Job, load_job

from .conftest import TWO_CLASSES, Exporter

RECORDED: dict[str, Any] = json.loads((Path(__file__).parents[1] / "recorded" / "exports.json").read_text())[
    "tflite"
]
pytestmark = pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")


def interpreter(folder: Path) -> Any:
    made = tf.lite.Interpreter(model_path=str(folder / "model.tflite"))
    made.allocate_tensors()
    return made


@pytest.mark.parametrize("kind", ["fast", "regular"])
def test_the_interface_and_the_detections_are_those_of_the_od_api(
    exported: Exporter, image: np.ndarray, kind: str
) -> None:
    recorded = RECORDED[kind]
    model = interpreter(exported(format="tflite", regular_nms=kind == "regular"))
    assert model.get_signature_list() == recorded["signatures"]
    [source] = model.get_input_details()
    outputs = model.get_output_details()
    assert [[source["name"], source["shape"].tolist()]] == recorded["inputs"]
    assert [[detail["name"], detail["shape"].tolist()] for detail in outputs] == recorded["outputs"]
    picture = tf.image.resize(image, [128, 128]) / 127.5 - 1.0
    model.set_tensor(source["index"], picture[tf.newaxis].numpy())
    model.invoke()
    for detail, want in zip(outputs, recorded["values"], strict=True):
        got = model.get_tensor(detail["index"]).ravel()
        np.testing.assert_allclose(got, want, rtol=0, atol=2e-5, err_msg=detail["name"])


def both(exported: Exporter, job: Job, image: np.ndarray, **options: Any) -> tuple[Boxes, Boxes]:
    """Detections of the TFLite model and of the SavedModel, the latter as many as the former."""
    lite = tflite_predictor(str(exported(format="tflite", **options) / "model.tflite"), job.config)(image)
    whole = saved_model_predictor(str(exported(input_type="image_tensor") / "saved_model"))(image)
    assert whole.scores is not None
    count = len(lite.boxes)
    assert count >= 5
    return lite, Boxes(whole.boxes[:count], whole.classes[:count], whole.scores[:count])


def test_class_by_class_it_detects_what_the_saved_model_does(
    exported: Exporter, job: Job, image: np.ndarray
) -> None:
    lite, whole = both(exported, job, image, regular_nms=True)
    np.testing.assert_array_equal(lite.classes, whole.classes)
    np.testing.assert_allclose(lite.scores, whole.scores, rtol=0, atol=1e-5)
    # The SavedModel clips boxes to the image, the operation of TFLite does not.
    np.testing.assert_allclose(lite.boxes.clip(0, 1), whole.boxes, rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("quantize", "size", "tolerance"), [("float16", 0.55, 0.01), ("dynamic", 0.4, 0.1), ("int8", 0.45, 0.1)]
)
def test_quantised_models_are_smaller_and_find_the_same(
    exported: Exporter, job: Job, image: np.ndarray, quantize: str, size: float, tolerance: float
) -> None:
    lite, whole = both(exported, job, image, quantize=quantize, samples=16)
    full = (exported(format="tflite") / "model.tflite").stat().st_size
    made = (exported(format="tflite", quantize=quantize, samples=16) / "model.tflite").stat().st_size
    assert made < size * full
    assert lite.scores is not None
    assert whole.scores is not None
    assert lite.classes[0] == whole.classes[0]
    assert lite.scores[0] == pytest.approx(whole.scores[0], abs=tolerance)
    np.testing.assert_allclose(lite.boxes[0], whole.boxes[0], rtol=0, atol=tolerance)


@pytest.mark.slow
def test_int8_computes_in_integers(exported: Exporter) -> None:
    details = interpreter(exported(format="tflite", quantize="int8", samples=16)).get_tensor_details()
    integers = sum(detail["dtype"] in (np.int8, np.int32) for detail in details)
    assert integers > 0.8 * len(details)


def test_samples_are_training_images_not_augmented(job: Job, fixtures: Path) -> None:
    samples = sample_images(job.config, 3)
    assert [sample.shape for sample in samples] == [(1, 128, 128, 3)] * 3
    assert all(
        sample.dtype == np.float32 and -1.0 <= sample.min() < sample.max() <= 1.0 for sample in samples
    )
    records = tf.data.TFRecordDataset(str(fixtures / "shapes" / "shapes_train.record"))
    encoded = (
        tf.train.Example.FromString(record.numpy()).features.feature["image/encoded"] for record in records
    )
    images = [tf.io.decode_image(value.bytes_list.value[0]).numpy() for value in encoded]
    for sample in samples:
        original = np.round((sample[0] + 1.0) * 127.5).astype(np.uint8)
        assert any(np.array_equal(original, image) for image in images)


def test_int8_without_training_data_is_refused(demo: Path) -> None:
    job = load_job(str(demo), ["train_input_reader.tf_record_input_reader.input_path=gone.record"])
    with pytest.raises(UserError, match="gone.record"):
        sample_images(job.config, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fixed_shape_resizer {": "keep_aspect_ratio_resizer { pad_to_max_dimension: true", "height: 128": "", "width: 128": ""}, "'keep_aspect_ratio_resizer' does not make"),
        ({"faster_rcnn_box_coder {": "mean_stddev_box_coder {", "y_scale: 10.0": "", "x_scale: 10.0": "", "height_scale: 5.0": "", "width_scale: 5.0": ""}, "not 'mean_stddev_box_coder'"),
        ({"iou_threshold: 0.5": "iou_threshold: 0.5 soft_nms_sigma: 0.5"}, "no soft suppression"),
        ({"score_converter: SIGMOID": "score_converter: SIGMOID calibration_config {}"}, "does not calibrate scores"),
        ({"iou_threshold: 0.5": "iou_threshold: 0.5 use_class_agnostic_nms: true"}, "--regular-nms class by class"),
    ],
)  # fmt: skip
def test_what_tflite_cannot_do_is_refused_at_its_place(
    demo: Path, pretrained: str, tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    text = demo.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    config = tmp_path / "pipeline.config"
    config.write_text(text)
    options = ExportOptions(tmp_path / "model", format="tflite", regular_nms=True)
    with pytest.raises(UserError, match=message) as refused:
        plan_export(load_job(str(config), [TWO_CLASSES]), open_checkpoint(pretrained), options)
    assert refused.value.line is not None


def test_labels_lie_beside_it(exported: Exporter) -> None:
    folder = exported(format="tflite")
    assert sorted(path.name for path in folder.iterdir()) == ["labels.txt", "model.tflite", "pipeline.config"]
    assert (folder / "labels.txt").read_text() == "???\n???\n"


def test_a_model_of_another_size_than_its_config_is_refused(exported: Exporter, demo: Path) -> None:
    other = load_job(str(demo), ["model.ssd.image_resizer.fixed_shape_resizer.height=64"])
    with pytest.raises(UserError, match=r"takes images of shape \[1, 128, 128, 3\]"):
        tflite_predictor(str(exported(format="tflite") / "model.tflite"), other.config)


def test_what_is_no_model_is_refused(job: Job, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"not a flatbuffer")
    with pytest.raises(UserError, match="is no TFLite model that can be run"):
        tflite_predictor(str(path), job.config)
    with pytest.raises(UserError, match="is no image"):
        load_image(str(path))


def test_images_for_a_model_of_integers() -> None:
    parameters = {"scales": np.array([1 / 64], np.float32), "zero_points": np.array([100])}
    image = np.array([-2.0, -1.0, 0.01, 1.0, 3.0], np.float32)
    found = quantized(image, {"dtype": np.uint8, "quantization_parameters": parameters})
    assert (found.dtype, found.tolist()) == (np.uint8, [0, 36, 101, 164, 255])
    assert quantized(image, {"dtype": np.float32}) is image
