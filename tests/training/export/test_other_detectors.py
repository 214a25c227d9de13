"""Exports of Faster R-CNN, Mask R-CNN and CenterNet: signatures as recorded, detections as the detector's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.checkpoints import open_checkpoint
from cfgtool.training.assemblies import Assembly, build_assembly
from cfgtool.training.export.options import ExportOptions
from cfgtool.training.export.plan import plan_export
from cfgtool.training.export.write import export
from cfgtool.training.input.preprocess import Preprocessor
from cfgtool.training.run.job import Job, load_job

pytestmark = pytest.mark.slow

RECORDED: dict[str, Any] = json.loads((Path(__file__).parents[1] / "recorded" / "exports.json").read_text())
FREE = "keep_aspect_ratio_resizer { min_dimension: 96 max_dimension: 160 }"
CASES = {
    "faster_rcnn": (),
    "faster_rcnn+free": (f"model.faster_rcnn.image_resizer={{{FREE}}}",),
    "mask_rcnn": (),
    "center_net": (),
}


class Case:
    """A demo config with weights of its own in a checkpoint, exported."""

    def __init__(self, fixtures: Path, name: str, folder: Path) -> None:
        self.config = fixtures / "demo" / f"{name.partition('+')[0]}.config"
        self.job: Job = load_job(str(self.config), CASES[name])
        self.assembly: Assembly = build_assembly(self.job.config, seed=3)
        self.source = tf.train.Checkpoint(model=self.assembly.weights.tree).save(str(folder / "ckpt"))
        self.folder = folder / "out"
        self.export(self.folder)

    def export(self, folder: Path, **options: Any) -> None:
        export(plan_export(self.job, open_checkpoint(self.source), ExportOptions(folder, **options)))


@pytest.fixture(scope="module", params=CASES)
def named(
    request: pytest.FixtureRequest, fixtures: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Case]:
    return request.param, Case(fixtures, request.param, tmp_path_factory.mktemp("exported"))


def test_outputs_are_those_of_the_od_api(named: tuple[str, Case]) -> None:
    """Of Mask R-CNN those of detections: the OD API's export gives tensors from within the network besides."""
    name, case = named
    signature = tf.saved_model.load(str(case.folder / "saved_model")).signatures["serving_default"]
    outputs = {key: (spec.dtype.name, spec.shape) for key, spec in signature.structured_outputs.items()}
    recorded = RECORDED["signatures"][name]
    wanted = {key for key in recorded if key.startswith(("detection_", "raw_detection_", "num_detections"))}
    assert outputs.keys() == wanted
    assert name == "mask_rcnn" or wanted == recorded.keys()
    for key in wanted:
        dtype, shape = recorded[key]
        assert outputs[key][0] == dtype
        assert tf.TensorShape(shape).is_compatible_with(outputs[key][1]), key


def test_detections_are_those_of_the_detector(named: tuple[str, Case], image: np.ndarray) -> None:
    _, case = named
    prepared, shape = Preprocessor(case.job.config.message("model"))(tf.constant(image))
    want = case.assembly.detect(prepared[tf.newaxis], shape[tf.newaxis])
    found = tf.saved_model.load(str(case.folder / "saved_model"))(tf.constant(image[np.newaxis]))
    assert found.keys() == want.keys()
    assert int(found["num_detections"][0]) > 3
    for name, value in want.items():
        expected = tf.cast(value, tf.float32) + (1.0 if name == "detection_classes" else 0.0)
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-4, err_msg=name)


def test_images_of_free_size(fixtures: Path, tmp_path: Path, image: np.ndarray) -> None:
    """One export takes images of every size."""
    case = Case(fixtures, "faster_rcnn+free", tmp_path)
    model = tf.saved_model.load(str(case.folder / "saved_model"))
    for rows, columns in ((96, 128), (128, 60)):
        found = model(tf.constant(np.resize(image, (1, rows, columns, 3))))
        assert found["detection_boxes"].shape == (1, 10, 4)


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
@pytest.mark.parametrize("quantize", ["none", "float16"])
def test_center_net_as_tflite(
    fixtures: Path, tmp_path: Path, image: np.ndarray, run: Any, quantize: str
) -> None:
    """From pixels to boxes and keypoints; `predict` lists and draws them."""
    case = Case(fixtures, "center_net", tmp_path)
    size = "model.center_net.image_resizer={fixed_shape_resizer {height: 128 width: 128}}"
    case.job = load_job(str(case.config), (size,))
    case.export(tmp_path / "lite", format="tflite", keypoints=True, max_detections=5, quantize=quantize)
    square = np.array(tf.cast(tf.image.resize(image, [128, 128]), tf.uint8))
    tf.io.write_file(str(tmp_path / "image.png"), tf.io.encode_png(square))
    listed = []
    for model in (tmp_path / "lite", case.folder):
        args = ["--min-score", "0", "--format", "json", "-o", str(tmp_path / f"{model.name}.png")]
        status, out, err = run("predict", model, tmp_path / "image.png", *args)
        assert status == 0, err
        listed.append(json.loads(out)[0]["detections"])
    assert len(listed[0]) == 5
    for lite, whole in zip(listed[0], listed[1], strict=False):
        assert lite["score"] == pytest.approx(whole["score"], abs=1e-3 if quantize == "none" else 2e-2)
    if quantize == "none":
        first, same = listed[0][0], listed[1][0]
        assert len(first["keypoints"]) == 6
        for key in ("class", "box"):
            assert (
                first[key] == pytest.approx(same[key], abs=0.05) if key == "box" else first[key] == same[key]
            )
        for point, other in zip(first["keypoints"], same["keypoints"], strict=True):
            assert point["x"] == pytest.approx(other["x"], abs=0.05)
            assert point["score"] == pytest.approx(other["score"], abs=1e-3)


def test_masks_are_listed_and_drawn(fixtures: Path, tmp_path: Path, image: np.ndarray, run: Any) -> None:
    """COCO's run lengths cover the image, and hold what lies within the box."""
    case = Case(fixtures, "mask_rcnn", tmp_path)
    tf.io.write_file(str(tmp_path / "image.png"), tf.io.encode_png(image))
    args = ["--min-score", "0", "--format", "json", "-o", str(tmp_path / "found.png")]
    status, out, err = run("predict", case.folder, tmp_path / "image.png", *args)
    assert status == 0, err
    for found in json.loads(out)[0]["detections"]:
        assert found["mask"]["size"] == [96, 128]
        counts = found["mask"]["counts"]
        assert sum(counts) == 96 * 128
        flat = np.repeat(np.arange(len(counts)) % 2, counts).reshape(128, 96).T
        rows, columns = np.nonzero(flat)
        if len(rows):
            box = found["box"]
            assert box["ymin"] - 1 <= rows.min() <= rows.max() <= box["ymax"] + 1
            assert box["xmin"] - 1 <= columns.min() <= columns.max() <= box["xmax"] + 1


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("faster_rcnn", ["--format", "tflite"], "not of 'faster_rcnn'"),
        ("center_net", ["--format", "tflite"], "keep_aspect_ratio_resizer"),
        ("center_net", ["--keypoints"], "--keypoints is for --format tflite"),
    ],
)
def test_what_is_refused(
    fixtures: Path, tmp_path: Path, run: Any, name: str, options: list[str], message: str
) -> None:
    case = Case(fixtures, name, tmp_path)
    status, _, err = run(
        "export", case.config, "--checkpoint", case.source, "-o", tmp_path / "refused", *options
    )
    assert status == 2
    assert message in err
    assert not (tmp_path / "refused").exists()
