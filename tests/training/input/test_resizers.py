"""Resizing and preprocessing against the reference values."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.errors import UserError
from cfgtool.networks import describe
from cfgtool.schema import Config
from cfgtool.training.input.preprocess import Preprocessor, normalisation
from cfgtool.training.input.resizers import make_resizer

Read = Callable[[str, str], Config]


@pytest.mark.reference
def test_resizer_reference_values(golden: Any, read_message: Read) -> None:
    """Pixels exactly, and the size that the image has before padding."""
    reference = golden("image_resizer")
    assert len(reference.cases) == 41
    for case in reference.cases:
        resizer = make_resizer(read_message(case["config"], "ImageResizer"))
        resized = resizer.resize(tf.constant(reference.inputs(case, "image")))
        image = resizer.pad(resized)
        if resizer.grayscale:
            image = tf.image.rgb_to_grayscale(image)
        want = reference.outputs(case, "image")
        tolerance = 2e-5 if resizer.grayscale else 0.0
        np.testing.assert_allclose(image, want, rtol=0, atol=tolerance, err_msg=case["id"])
        assert list(resized.shape[:2]) == list(reference.outputs(case, "shape")[:2]), case["id"]
        if resizer.size is not None:
            assert resizer.size == want.shape[:2]


@pytest.mark.reference
def test_normalisation_reference_values(golden: Any, read_message: Read) -> None:
    reference = golden("normalisation")
    assert len(reference.cases) == 25
    for case in reference.cases:
        name = case["id"].rpartition("/")[2]
        if name.startswith("center_net"):
            numbers = case["params"]
            extractor = f'type: "hourglass_52" bgr_ordering: {str(numbers["bgr_ordering"]).lower()}'
            for field in ("channel_means", "channel_stds"):
                extractor += "".join(f" {field}: {value}" for value in numbers[field])
            text, kind = f"feature_extractor {{ {extractor} }}", "CenterNet"
        else:
            text, kind = f'feature_extractor {{ type: "{name}" }}', "FasterRcnn" if name[0] == "f" else "Ssd"
        result = normalisation(read_message(text, kind))(reference.inputs(case, "image"))
        np.testing.assert_allclose(result, reference.outputs(case, "out"), rtol=0, atol=2e-5, err_msg=name)


MEANS = "channel_means: [10.0, 20.0, 30.0]"
BOTH = f"{MEANS} channel_stds: [2.0, 4.0, 5.0] bgr_ordering: true"


@pytest.mark.parametrize(
    ("type_", "settings", "expected"),
    [
        ("resnet_v2_50", "bgr_ordering: true", [1.0, 0.0039, -1.0, -0.7647, -0.8431, -0.9216]),
        ("resnet_v2_50", MEANS, [-1.0784, -0.1529, 0.7647, -1.0, -1.0, -1.0]),
        ("resnet_v2_50", BOTH, [-0.0392, -0.7882, -1.0471, -0.9216, -1.0, -1.0314]),
        ("mobilenet_v2_fpn", BOTH, [-0.0392, -0.7882, -1.0471, -0.9216, -1.0, -1.0314]),
        ("resnet_v1_50_fpn", "bgr_ordering: true", [-103.939, 11.221, 131.32, -93.939, -96.779, -93.68]),
        ("resnet_v1_50_fpn", MEANS, [121.061, -8.779, -133.68, -103.939, -116.779, -123.68]),
        ("resnet_v1_50_fpn", BOTH, [-109.939, -89.779, -1.18, -107.939, -116.779, -113.68]),
        ("hourglass_10", BOTH, [122.5, 27.0, -6.0, 10.0, 0.0, -4.0]),
    ],
)
def test_every_backbone_of_centernet_goes_on_from_the_configured_normalisation(
    read_message: Read, type_: str, settings: str, expected: list[float]
) -> None:
    """As the OD API's extractors answered for two pixels."""
    message = read_message(f'feature_extractor {{ type: "{type_}" {settings} }}', "CenterNet")
    image = tf.constant([[[0, 128, 255], [10, 20, 30]]], tf.uint8)
    np.testing.assert_allclose(tf.reshape(normalisation(message)(image), [-1]), expected, rtol=0, atol=1e-4)


def test_deviations_of_zero_are_refused(read_message: Read) -> None:
    text = 'feature_extractor { type: "hourglass_10" channel_stds: [1.0, 0.0, 1.0] }'
    with pytest.raises(UserError, match="channel_stds' holds a zero"):
        normalisation(read_message(text, "CenterNet"))


@pytest.mark.reference
def test_whole_preprocessing_of_reference_models(shared: Path, read_message: Read, monkeypatch: Any) -> None:
    """The network input of every reference model: mean and deviation of all pixels, and sampled pixels."""
    monkeypatch.syspath_prepend(str(shared / "oracle"))
    from reference_inputs import image  # type: ignore[import-not-found]

    compared = 0
    for path in sorted((shared / "oracle/golden").glob("*.config")):
        facts = json.loads(path.with_suffix(".json").read_text())
        height, width = facts.get("input_image", [facts["size"]] * 2)
        preprocess = Preprocessor(read_message(path.read_text(), "TrainEvalPipelineConfig").message("model"))
        results = [preprocess(tf.constant(one)) for one in image(height, width)]
        found = np.stack([result.numpy() for result, _ in results])
        assert list(found.shape) == facts["stats"]["preprocessed_full"]["shape"]
        assert all(list(shape.numpy()) == [height, width, 3] for _, shape in results)
        stats = facts["stats"]["preprocessed_full"]
        assert found.mean(dtype=np.float64) == pytest.approx(stats["mean"], abs=1e-6), path.name
        assert found.std(dtype=np.float64) == pytest.approx(stats["std"], abs=1e-6), path.name
        samples = np.load(path.with_suffix(".npz"))["preprocessed"]
        steps = [slice(None), *(slice(None, None, side // 16) for side in found.shape[1:3])]
        np.testing.assert_allclose(found[tuple(steps)], samples, rtol=0, atol=1e-5, err_msg=path.name)
        compared += 1
    assert compared >= 20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no resizer is chosen"),
        ("fixed_shape_resizer { height: 0 width: 3 }", "must be positive"),
        ("keep_aspect_ratio_resizer { min_dimension: 9 max_dimension: 3 }", "min_dimension '9'"),
        ("keep_aspect_ratio_resizer { pad_to_max_dimension: true per_channel_pad_value: 1 }", "has 1 values"),
        ("conditional_shape_resizer { condition: INVALID }", "'INVALID' is not allowed"),
        ("pad_to_multiple_resizer { multiple: 0 }", "multiple '0'"),
    ],
)
def test_resizers_that_cannot_work(read_message: Read, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        make_resizer(read_message(text, "ImageResizer"))


def test_other_models_are_refused(read_message: Read) -> None:
    with pytest.raises(UserError, match="not supported"):
        Preprocessor(read_message("experimental_model { }", "DetectionModel"))


def test_padding_of_ssd_is_in_normalised_space(read_message: Read) -> None:
    text = (
        "image_resizer { keep_aspect_ratio_resizer { min_dimension: 32 max_dimension: 64"
        ' pad_to_max_dimension: true } } feature_extractor { type: "%s" }'
    )
    white = tf.fill([32, 64, 3], tf.constant(255, tf.uint8))
    ssd = read_message("ssd { " + text % "ssd_mobilenet_v2_keras" + " }", "DetectionModel")
    rcnn = read_message("faster_rcnn { " + text % "faster_rcnn_resnet50_keras" + " }", "DetectionModel")
    assert np.all(Preprocessor(ssd)(white)[0].numpy()[32:] == 0.0)
    np.testing.assert_allclose(Preprocessor(rcnn)(white)[0].numpy()[40, 5], [-123.68, -116.779, -103.939])
    shown = Preprocessor(ssd).shown(white).numpy()
    assert shown.dtype == np.uint8
    assert np.all(shown[:32] == 255)
    assert np.all(shown[32:] == 0)


@pytest.mark.parametrize(
    ("detector", "expected"),
    [
        ('ssd { feature_extractor { type: "ssd_resnet50_v1_fpn_keras" }', [17.553232]),
        ('ssd { feature_extractor { type: "ssd_mobilenet_v2_keras" }', [0.0582922]),
        ('faster_rcnn { feature_extractor { type: "faster_rcnn_resnet50_keras" }', [134.91951]),
        ('center_net { feature_extractor { type: "resnet_v2_50" }', [0.05819225] * 3),
    ],
)
def test_grey_images_are_those_of_the_od_api(
    read_message: Read, detector: str, expected: list[float]
) -> None:
    """As its models answered for one colour: SSD normalises colours, the others grey; CenterNet keeps three channels."""
    resizer = "image_resizer { fixed_shape_resizer { height: 8 width: 8 convert_to_grayscale: true } }"
    preprocess = Preprocessor(read_message(f"{detector} {resizer} }}", "DetectionModel"))
    image, _ = preprocess(tf.fill([8, 8, 3], 0.0) + tf.constant([255.0, 100.0, 0.0]))
    assert preprocess.channels == image.shape[-1] == len(expected)
    np.testing.assert_allclose(image[0, 0], expected, rtol=0, atol=1e-4)


def test_the_network_of_centernet_takes_three_channels_for_grey(read_message: Read) -> None:
    text = (
        'center_net { num_classes: 2 feature_extractor { type: "resnet_v2_50" } image_resizer { fixed_shape_resizer'
        " { height: 64 width: 64 convert_to_grayscale: true } } object_center_params { }"
        " object_detection_task { } }"
    )
    config = read_message(f"model {{ {text} }}", "TrainEvalPipelineConfig")
    assert describe(config).input_shape == (64, 64, Preprocessor(config.message("model")).channels)
