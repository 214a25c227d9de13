"""SavedModels: the signatures and detections of the OD API's exporter, and those of our own detector."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.checkpoints import open_checkpoint
from cfgtool.training.assemblies import Assembly
from cfgtool.training.export.options import INPUT_TYPES, ExportOptions
from cfgtool.training.export.plan import plan_export
from cfgtool.training.export.write import export
from cfgtool.training.input.preprocess import Preprocessor
from cfgtool.training.run.job import Job, load_job

from .conftest import TWO_CLASSES, Exporter, fed

RECORDED: dict[str, Any] = json.loads((Path(__file__).parents[1] / "recorded" / "exports.json").read_text())
PADDED = "keep_aspect_ratio_resizer { min_dimension: 128 max_dimension: 128 pad_to_max_dimension: true }"


def detections(folder: Path, value: tf.Tensor) -> dict[str, np.ndarray]:
    model = tf.saved_model.load(str(folder / "saved_model"))
    return {name: found.numpy() for name, found in model(value).items()}


def compare_with_recorded(found: dict[str, np.ndarray], recorded: dict[str, Any]) -> None:
    assert found.keys() == recorded["values"].keys()
    for name, want in recorded["values"].items():
        got = found[name].ravel()[:: 7 if name.startswith("raw") else 1]
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("input_type", INPUT_TYPES)
def test_signature_and_detections_are_those_of_the_od_api(
    exported: Exporter, image: np.ndarray, input_type: str
) -> None:
    recorded = RECORDED["saved_model"][input_type]
    folder = exported(input_type=input_type)
    model = tf.saved_model.load(str(folder / "saved_model"))
    assert list(model.signatures) == recorded["names"]
    signature = model.signatures["serving_default"]
    inputs = signature.structured_input_signature[1]
    assert {name: [spec.dtype.name, spec.shape.as_list()] for name, spec in inputs.items()} == recorded[
        "inputs"
    ]
    outputs = {name: (spec.dtype.name, spec.shape) for name, spec in signature.structured_outputs.items()}
    assert outputs.keys() == recorded["outputs"].keys()
    for name, (dtype, shape) in recorded["outputs"].items():
        assert outputs[name][0] == dtype
        # Ours knows the number of anchors where the OD API's does not.
        assert tf.TensorShape(shape).is_compatible_with(outputs[name][1]), name
        assert shape[0] == outputs[name][1][0], name
    compare_with_recorded(detections(folder, fed(input_type, image)), recorded)


def test_the_files_are_those_of_the_od_api(exported: Exporter) -> None:
    folder = exported(input_type="image_tensor")
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert files == RECORDED["saved_model"]["image_tensor"]["files"]


@pytest.mark.parametrize("input_type", INPUT_TYPES)
def test_detections_equal_those_of_the_detector(
    exported: Exporter, job: Job, assembly: Assembly, image: np.ndarray, input_type: str
) -> None:
    prepared, shape = Preprocessor(job.config.message("model"))(tf.constant(image))
    want = assembly.detect(prepared[tf.newaxis], shape[tf.newaxis])
    found = detections(exported(input_type=input_type), fed(input_type, image))
    assert int(found["num_detections"][0]) > 3
    for name, value in want.items():
        expected = value.numpy() + (1 if name == "detection_classes" else 0)
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-6, err_msg=name)


def test_padding_does_not_move_boxes(demo: Path, pretrained: str, image: np.ndarray, tmp_path: Path) -> None:
    text = demo.read_text()
    start = text.index("fixed_shape_resizer")
    config = tmp_path / "padded.config"
    config.write_text(text[:start] + PADDED + text[text.index("}", start) + 1 :])
    folder = tmp_path / "model"
    export(
        plan_export(load_job(str(config), [TWO_CLASSES]), open_checkpoint(pretrained), ExportOptions(folder))
    )
    compare_with_recorded(detections(folder, fed("image_tensor", image)), RECORDED["padded"])


def test_it_runs_without_cfgtool(exported: Exporter, image: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "image.npy", image)
    script = (
        "import sys; sys.modules['cfgtool'] = None\n"
        "import numpy as np, tensorflow as tf\n"
        f"model = tf.saved_model.load({str(exported(input_type='image_tensor') / 'saved_model')!r})\n"
        f"found = model(np.load({str(tmp_path / 'image.npy')!r})[None])\n"
        "print(float(found['detection_scores'][0, 0]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PATH": ""},
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(
        RECORDED["saved_model"]["image_tensor"]["values"]["detection_scores"][0], abs=1e-5
    )


def test_batches(exported: Exporter, image: np.ndarray) -> None:
    """What a batch gives is what its images give one by one; `image_tensor` takes one unless told otherwise."""
    pictures = tf.constant(np.stack([image, image[:, ::-1]]))
    single = tf.saved_model.load(str(exported(input_type="image_tensor") / "saved_model"))
    apart = [single(pictures[number : number + 1]) for number in (0, 1)]
    for options, batch in [
        ({"input_type": "image_tensor", "any_batch": True}, pictures),
        ({"input_type": "float_image_tensor"}, tf.cast(pictures, tf.float32)),
    ]:
        together = detections(exported(**options), batch)
        for name, value in together.items():
            assert value.shape[0] == 2
            np.testing.assert_allclose(value, np.concatenate([one[name] for one in apart]), rtol=0, atol=1e-6)


def test_the_exported_checkpoint_is_one_of_the_od_api(exported: Exporter, pretrained: str) -> None:
    """Keys and values under `model/` are those that it was made of; the state file names it wherever the folder is."""
    folder = exported(input_type="image_tensor")
    latest = tf.train.latest_checkpoint(str(folder / "checkpoint"))
    assert latest == str(folder / "checkpoint" / "ckpt-0")
    old, new = tf.train.load_checkpoint(pretrained), tf.train.load_checkpoint(latest)
    names = [name for name in old.get_variable_to_shape_map() if name.startswith("model/")]
    assert sorted(name for name in new.get_variable_to_shape_map() if name.startswith("model/")) == sorted(
        names
    )
    for name in names:
        np.testing.assert_array_equal(old.get_tensor(name), new.get_tensor(name))


@pytest.mark.slow
def test_an_export_can_be_exported_again(
    exported: Exporter, job: Job, image: np.ndarray, tmp_path: Path
) -> None:
    """From the checkpoint in it, and from the SavedModel itself."""
    first = exported(input_type="image_tensor")
    want = detections(first, fed("image_tensor", image))
    for number, source in enumerate(("checkpoint", "saved_model")):
        folder = tmp_path / str(number)
        export(plan_export(job, open_checkpoint(str(first / source)), ExportOptions(folder)))
        for name, value in detections(folder, fed("image_tensor", image)).items():
            np.testing.assert_array_equal(value, want[name])
