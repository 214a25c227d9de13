"""Augmentation: the reference values for fixed draws, and what must hold for any draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.schema import Config
from cfgtool.training.input import augment
from cfgtool.training.input.draws import SeededDraws
from cfgtool.training.input.example import (
    BOXES,
    CLASSES,
    IMAGE,
    KEYPOINTS,
    MASKS,
    PER_OBJECT,
    SCORES,
    VISIBILITIES,
    WEIGHTS,
)

NAMES = {
    BOXES: "groundtruth_boxes",
    CLASSES: "groundtruth_classes",
    WEIGHTS: "groundtruth_weights",
    MASKS: "groundtruth_instance_masks",
    KEYPOINTS: "groundtruth_keypoints",
    SCORES: "multiclass_scores",
    IMAGE: "image",
}
# What the OD API leaves as it was, though the step moves or drops the objects: no reference for us.
LEFT_BEHIND = {
    "drop_label_probabilistically": {KEYPOINTS, SCORES},
    "random_absolute_pad_image": {MASKS, KEYPOINTS},
    "random_crop_image": {SCORES},
    "random_crop_pad_image": {MASKS, KEYPOINTS, SCORES},
    "random_crop_to_aspect_ratio": {SCORES},
    "random_image_scale": {MASKS},
    "random_resize_method": {MASKS},
    "random_scale_crop_and_pad_to_square": {SCORES},
    "random_self_concat_image": {MASKS, KEYPOINTS, SCORES},
    "random_square_crop_by_scale": {SCORES},
    "ssd_random_crop": {SCORES},
    "ssd_random_crop_fixed_aspect_ratio": {SCORES},
    "ssd_random_crop_pad": {MASKS, KEYPOINTS, SCORES},
    "ssd_random_crop_pad_fixed_aspect_ratio": {MASKS, KEYPOINTS, SCORES},
}
Read = Callable[[str, str], Config]


def _example(size: tuple[int, int] = (48, 64), kind: type = np.uint8) -> dict[str, Any]:
    random = np.random.default_rng(3)
    pixels = random.integers(0, 256, (*size, 3)).astype(kind)
    boxes = [[0.1, 0.15, 0.55, 0.6], [0.4, 0.45, 0.95, 0.9], [0.05, 0.7, 0.25, 0.95]]
    points = random.uniform(0, 1, (3, 4, 2)).astype(np.float32)
    points[1, 2] = np.nan
    return {
        IMAGE: tf.constant(pixels),
        BOXES: tf.constant(boxes, tf.float32),
        CLASSES: tf.constant([1, 2, 3]),
        WEIGHTS: tf.constant([1.0, 0.5, 2.0]),
        MASKS: tf.constant(random.integers(0, 2, (3, *size)).astype(np.uint8)),
        KEYPOINTS: tf.constant(points),
        VISIBILITIES: tf.constant(np.isfinite(points).all(-1)),
        SCORES: tf.constant(random.uniform(-1, 1, (3, 5)), tf.float32),
    }


def _step(read_message: Read, text: str) -> Any:
    config = read_message(text, "PreprocessingStep")
    name = config.which(augment.ONEOF)
    assert name is not None
    return augment.STEPS[name](config.message(name))


def _draws(element: int, seed: int = 1) -> SeededDraws:
    return SeededDraws(tf.constant(seed, tf.int64), tf.cast(element, tf.int64))


@pytest.mark.reference
def test_reference_values(golden: Any, read_message: Read, fixed_draws: Any) -> None:
    """Images to 1e-3 of 255 grey levels, boxes and keypoints to 1e-6, the rest exactly."""
    reference = golden("preprocessing_step")
    assert len(reference.cases) == 96
    for case in reference.cases:
        config = read_message(case["config"], "PreprocessingStep")
        name = config.which(augment.ONEOF)
        assert name is not None
        scale = 255.0 if case["params"]["image_range"] == "unit" else 1.0
        start = {ours: reference.inputs(case, theirs) for ours, theirs in NAMES.items()}
        start |= {IMAGE: start[IMAGE] / np.float32(scale), CLASSES: start[CLASSES].astype(np.int32)}
        start[MASKS] = start[MASKS].astype(np.uint8)
        draws = fixed_draws(case["params"]["uniform_draw"], case["params"]["distorted_box"])
        result = augment.STEPS[name](config.message(name))(
            {k: tf.constant(v) for k, v in start.items()}, draws
        )
        for ours, theirs in NAMES.items():
            if ours in LEFT_BEHIND.get(name, ()):
                continue
            changed = theirs in case["outputs"]
            want = reference.outputs(case, theirs) if changed else start[ours]
            want = want[0] if ours == IMAGE and changed else want
            if name == "rgb_to_gray" and ours == IMAGE:
                want = np.repeat(want, 3, axis=-1)  # one channel there, which no network takes
            # Boxes in pixels are 64 times as large.
            if name == "random_scale_crop_and_pad_to_square" and ours == MASKS:
                # Bilinear there, with fractions at the edges; ours stay 0 and 1.
                want = np.where((want > 0) & (want < 1), result[ours], want)
            tolerance = {IMAGE: 1e-3, BOXES: 1e-6, KEYPOINTS: 1e-6, SCORES: 1e-6}.get(ours, 0.0)
            relative = 1e-6 if name == "scale_boxes_to_pixel_coordinates" else 0.0
            np.testing.assert_allclose(
                result[ours], want, rtol=relative, atol=tolerance, err_msg=f"{case['id']} {ours}"
            )


def test_every_step_is_supported_or_known_not_to_be(read_message: Read) -> None:
    members = read_message("", "PreprocessingStep").type.oneofs[augment.ONEOF]
    assert set(members) == set(augment.STEPS)


PLAIN = [
    name for name in augment.STEPS if name not in ("normalize_image", "resize_image", "subtract_channel_mean")
]
UNDRAWN = (
    "adjust_gamma",
    "convert_class_logits_to_softmax",
    "remap_labels",
    "rgb_to_gray",
    "scale_boxes_to_pixel_coordinates",
)
VALUES = {
    "drop_label_probabilistically": "label: 1 drop_probability: 0.5",
    "random_resize_method": "target_height: 20 target_width: 30",
    "random_pad_image": "pad_color: [1, 2, 3]",
    "random_absolute_pad_image": "max_height_padding: 9 max_width_padding: 7",
    "random_black_patches": "max_black_patches: 3",
    "random_scale_crop_and_pad_to_square": "output_size: 32",
    "random_square_crop_by_scale": "max_border: 16",
    "random_jpeg_quality": "min_jpeg_quality: 50",
    "random_patch_gaussian": "max_patch_size: 20",
    "random_downscale_to_target_pixels": "min_target_pixels: 100 max_target_pixels: 200",
    "ssd_random_crop_pad": "",
}


@pytest.mark.parametrize("name", PLAIN)
def test_any_draw(read_message: Read, name: str) -> None:
    """Each step keeps rows together and images in range, and is a function of its seed."""
    step = _step(read_message, f"{name} {{ {VALUES.get(name, '')} }}")
    first, again = ([step(_example(), _draws(element)) for element in range(8)] for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert all(_equal(one[key], other[key]) for key in one)
        assert len({len(one[key]) for key in one if key in PER_OBJECT}) == 1
        assert one[MASKS].shape[1:] == one[IMAGE].shape[:2]
        pixels = one[IMAGE].numpy()
        if name != "random_resize_method":  # bicubic interpolation overshoots
            assert pixels.min() >= 0
            assert pixels.max() <= 255.01
        assert pixels.shape[2] == 3
    if name not in UNDRAWN:
        assert any(not _equal(first[0][key], other[key]) for other in first for key in other)


def _equal(one: Any, other: Any) -> bool:
    return np.array_equal(one, other, equal_nan=np.asarray(one).dtype.kind == "f")


def test_traced_steps_draw_the_same(read_message: Read) -> None:
    """In a dataset, with branches traced and elements in parallel, everything is as one by one."""
    names = ("random_horizontal_flip", "ssd_random_crop", "random_jpeg_quality", "random_pad_image")
    steps = [_step(read_message, f"{name} {{ }}") for name in names]

    @tf.autograph.experimental.do_not_convert
    def run(element: Any) -> Any:
        example, draws = _example(), _draws(element)
        for step in steps:
            example = step(example, draws)
        return example

    dataset = tf.data.Dataset.range(6).map(run, 3, deterministic=True)
    again = list(dataset.as_numpy_iterator())
    for one, other in zip(dataset.as_numpy_iterator(), again, strict=True):
        assert all(_equal(one[key], other[key]) for key in one)
    assert len({example[IMAGE].shape for example in again}) > 1


def test_draws_differ_by_seed_element_and_count() -> None:
    values = [_draws(element, seed).uniform(0.0, 1.0).numpy() for element in range(3) for seed in range(3)]
    twice = _draws(0)
    values += [twice.uniform(0.0, 1.0).numpy() for _ in range(3)][1:]
    assert len(set(values)) == len(values)
    assert _draws(5, 7).integer(0, 1000).numpy() == _draws(5, 7).integer(0, 1000).numpy()


def test_crops_hold_what_they_promise(read_message: Read) -> None:
    """min_object_covered 1 and overlap 1: some object survives whole, and what survives is whole."""
    text = "random_crop_image { min_object_covered: 1.0 overlap_thresh: 1.0 min_area: 0.1 max_area: 0.9 }"
    step = _step(read_message, text)
    for element in range(20):
        example = _example((480, 640))
        result = step(example, _draws(element))
        height, width = result[IMAGE].shape[:2]
        assert height * width <= 0.9 * 480 * 640 * 1.01 or result[IMAGE].shape == example[IMAGE].shape
        assert 0.74 <= width / height <= 1.34
        assert len(result[BOXES]) >= 1
        assert result[BOXES].numpy().min() >= -1e-6
        assert result[BOXES].numpy().max() <= 1 + 1e-6


def test_cropped_boxes_stay_on_their_pixels(read_message: Read) -> None:
    """A white object on black is still exactly in its box after cropping, flipping and padding."""
    image = np.zeros((100, 200, 3), np.uint8)
    image[20:60, 50:110] = 255
    start = {
        IMAGE: tf.constant(image),
        BOXES: tf.constant([[0.2, 0.25, 0.6, 0.55]]),
        CLASSES: tf.constant([1]),
        WEIGHTS: tf.constant([1.0]),
    }
    steps = [
        _step(read_message, text)
        for text in (
            "random_horizontal_flip { }",
            "ssd_random_crop { operations { min_object_covered: 0.5 min_aspect_ratio: 0.5 max_aspect_ratio: 2"
            " min_area: 0.3 max_area: 1 overlap_thresh: 0.3 clip_boxes: true } }",
            "random_rotation90 { }",
            "random_pad_image { pad_color: [0, 0, 0] }",
            "random_vertical_flip { }",
        )
    ]
    for element in range(15):
        example, draws = start, _draws(element)
        for step in steps:
            example = step(example, draws)
        assert len(example[BOXES]) == 1
        height, width = example[IMAGE].shape[:2]
        rows, columns = np.where(example[IMAGE].numpy()[:, :, 0] > 128)
        want = [
            rows.min() / height,
            columns.min() / width,
            (rows.max() + 1) / height,
            (columns.max() + 1) / width,
        ]
        np.testing.assert_allclose(example[BOXES].numpy()[0], want, atol=1e-5)


def test_probability_zero_and_one(read_message: Read) -> None:
    example = _example()
    never = _step(read_message, "random_horizontal_flip { probability: 0 }")
    always = _step(read_message, "random_horizontal_flip { probability: 1 }")
    for element in range(5):
        assert np.array_equal(never(example, _draws(element))[IMAGE], example[IMAGE])
        assert np.array_equal(always(example, _draws(element))[IMAGE], example[IMAGE][:, ::-1])


def test_images_stay_bytes_while_only_moved(read_message: Read) -> None:
    for text in ("random_horizontal_flip { }", "ssd_random_crop { }", "random_crop_image { }"):
        assert _step(read_message, text)(_example(), _draws(0))[IMAGE].dtype == tf.uint8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no step is chosen"),
        ("random_distort_color { color_ordering: 2 }", "color_ordering '2'"),
        ("subtract_channel_mean { }", "one per channel"),
        ("normalize_image { }", "are equal"),
        ("resize_image { new_height: 3 }", "must be positive"),
        ("random_pad_image { min_image_height: 3 }", "set together"),
        ("random_pad_image { pad_color: 3 }", "'pad_color' has 1 values"),
        ("random_adjust_contrast { min_delta: 2 }", "min_delta '2' is above max_delta '1.25'"),
        (
            "random_crop_image { min_area: 0.5 max_area: 0.2 }",
            "min_area '0.5' is above max_area '0.2'",
        ),
        ("random_crop_image { min_area: 0 }", "min_area '0' must be positive"),
        ("random_crop_image { max_area: 2 }", "max_area '2' is more than the whole image"),
        (
            "ssd_random_crop { operations { min_area: 0.5 max_area: 1 } }",
            "min_aspect_ratio '0' must be positive",
        ),
    ],
)
def test_problems(read_message: Read, text: str, message: str) -> None:
    config = read_message(f"data_augmentation_options {{ {text} }}", "TrainConfig")
    ((path, found),) = augment.augmentation_problems(config)
    assert path.startswith("data_augmentation_options[0]")
    assert message in found


def test_the_corpus_is_supported(shared: Any, read_message: Read) -> None:
    """Every augmentation of the sample configs can be carried out."""
    seen = 0
    for folder in ("configs_tf1", "configs_tf2"):
        for path in sorted((shared / "corpus" / folder).glob("*.config")):
            config = read_message(path.read_text(), "TrainEvalPipelineConfig").message("train_config")
            seen += len(config.messages("data_augmentation_options"))
            assert list(augment.augmentation_problems(config)) == [], path.name
    assert seen > 100


def test_boxes_in_pixels_are_fractions_again_for_what_comes_after(read_message: Read) -> None:
    text = "data_augmentation_options { scale_boxes_to_pixel_coordinates { } }"
    result = augment.augmentation(read_message(text, "TrainConfig"))(_example(), _draws(0))
    for name in (BOXES, KEYPOINTS):
        np.testing.assert_allclose(result[name], _example()[name], rtol=1e-6)
