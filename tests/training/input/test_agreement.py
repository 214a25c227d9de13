"""Every step moves image, boxes, masks and keypoints alike: white objects on black are still where they are said to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from mat_tables import other_side

from cfgtool.schema import Config
from cfgtool.training.input import augment
from cfgtool.training.input.draws import SeededDraws
from cfgtool.training.input.example import (
    BOXES,
    CLASSES,
    DENSEPOSE,
    DENSEPOSE_PARTS,
    DENSEPOSE_SURFACE,
    DEPTH_WEIGHTS,
    DEPTHS,
    GROUP_OF,
    IMAGE,
    KEYPOINTS,
    MASK_WEIGHTS,
    MASKS,
    PER_OBJECT,
    SCORES,
    TRACKS,
    VISIBILITIES,
    WEIGHTS,
)

HEIGHT, WIDTH = 96, 128
# Top, left, bottom, right in pixels of three objects apart from one another.
PLACES = ((8, 10, 40, 50), (50, 20, 90, 60), (20, 80, 70, 120))
SEEDS = range(5)
# Of keypoints: 2 to 10, by object and keypoint.
NUMBERS = np.arange(9.0).reshape(3, 3) + 2.0
Array = npt.NDArray[Any]

# Settings with which the picture stays black and white enough to look at.
VALUES = {
    "autoaugment_image": None,  # moves parts of objects against one another: see test_autoaugment
    "drop_label_probabilistically": "label: 1 drop_probability: 0.5",
    "normalize_image": "original_maxval: 255 target_minval: -1 target_maxval: 1",
    "random_absolute_pad_image": "max_height_padding: 40 max_width_padding: 30",
    "random_black_patches": "max_black_patches: 3",
    "random_crop_image": "min_object_covered: 0.4 min_area: 0.2 max_area: 0.7 overlap_thresh: 0.1",
    "random_crop_pad_image": "min_object_covered: 0.4 min_area: 0.2 max_area: 0.7 overlap_thresh: 0.1",
    "random_downscale_to_target_pixels": "min_target_pixels: 4000 max_target_pixels: 9000",
    "random_horizontal_flip": "keypoint_flip_permutation: [1, 0, 2]",
    "random_jpeg_quality": "min_jpeg_quality: 60",
    "random_patch_gaussian": "max_patch_size: 30 max_gaussian_stddev: 0.1",
    "random_resize_method": "target_height: 70 target_width: 90",
    "random_rotation90": "keypoint_rot_permutation: [2, 1, 0]",
    "random_scale_crop_and_pad_to_square": "output_size: 80 scale_min: 0.8",
    "random_self_concat_image": "concat_vertical_probability: 0.6 concat_horizontal_probability: 0.6",
    "random_square_crop_by_scale": "max_border: 16",
    "random_vertical_flip": "keypoint_flip_permutation: [1, 0, 2]",
    "remap_labels": "original_labels: 1 new_label: 3",
    "resize_image": "new_height: 60 new_width: 100",
    "scale_boxes_to_pixel_coordinates": None,  # not in fractions any more
    "ssd_random_crop_fixed_aspect_ratio": "",
    "subtract_channel_mean": "means: [1, 2, 3]",
}


def _start() -> dict[str, Any]:
    """L-shaped objects; keypoints 0 and 1 on the arms, keypoint 2 of the second object is absent.

    DensePose points lie on the keypoints, with the number of object and keypoint as their surface; a fourth is absent.
    """
    masks = np.zeros((3, HEIGHT, WIDTH), np.uint8)
    points = np.full((3, 3, 2), np.nan, np.float32)
    for number, (top, left, bottom, right) in enumerate(PLACES):
        masks[number, top:bottom, left : left + 12] = 1
        masks[number, bottom - 12 : bottom, left:right] = 1
        points[number] = [(top + 6, left + 6), (bottom - 6, right - 6), (bottom - 6, left + 6)]
    points[1, 2] = np.nan
    points /= np.float32([HEIGHT, WIDTH])
    scale = np.float32([HEIGHT, WIDTH, HEIGHT, WIDTH])
    return {
        IMAGE: tf.constant(np.repeat(masks.max(0)[..., np.newaxis] * np.uint8(255), 3, -1)),
        BOXES: tf.constant(np.float32(PLACES) / scale),
        CLASSES: tf.constant([1, 2, 3]),
        WEIGHTS: tf.constant([1.0, 2.0, 3.0]),
        MASKS: tf.constant(masks),
        KEYPOINTS: tf.constant(points),
        VISIBILITIES: tf.constant(np.isfinite(points).all(-1)),
        SCORES: tf.constant(np.eye(3, dtype=np.float32)),
        GROUP_OF: tf.constant([False, True, False]),
        DEPTHS: tf.constant(np.where(np.isfinite(points[..., 0]), NUMBERS, -1.0), tf.float32),
        DEPTH_WEIGHTS: tf.constant(NUMBERS, tf.float32),
        DENSEPOSE: tf.constant(np.pad(points, [(0, 0), (0, 1), (0, 0)], constant_values=np.nan)),
        DENSEPOSE_PARTS: tf.constant(np.pad(NUMBERS, [(0, 0), (0, 1)]), tf.int32),
        DENSEPOSE_SURFACE: tf.constant(
            np.pad(NUMBERS[..., np.newaxis] / 10.0, [(0, 0), (0, 1), (0, 1)]), tf.float32
        ),
        MASK_WEIGHTS: tf.constant([1.0, 2.0, 3.0]),
        TRACKS: tf.constant([5, 6, 7]),
    }


def _grown(mask: Array, by: int = 2) -> Array:
    """The mask and all places at most `by` pixels from it."""
    padded = np.pad(mask, by)
    return np.max(
        [
            padded[y : y + mask.shape[0], x : x + mask.shape[1]]
            for y in range(2 * by + 1)
            for x in range(2 * by + 1)
        ],
        axis=0,
    )


def _check(name: str, result: dict[str, Any]) -> None:
    values = {key: np.asarray(value) for key, value in result.items()}
    count = len(values[BOXES])
    assert all(len(values[key]) == count for key in PER_OBJECT if key in values)
    # Which object is which is known by its weight, so all rows are still those of one object.
    numbers = values[WEIGHTS].astype(int) - 1
    assert np.array_equal(values[SCORES].argmax(-1), numbers)
    assert np.array_equal(values[GROUP_OF], numbers == 1)
    assert np.array_equal(values[MASK_WEIGHTS], values[WEIGHTS])
    assert np.array_equal(values[TRACKS], numbers + 5)
    _check_points(name, values, numbers)
    if name != "remap_labels":
        assert np.array_equal(values[CLASSES], numbers + 1)
    gray = values[IMAGE].astype(np.float32).mean(-1)
    assert values[MASKS].shape == (count, *gray.shape)
    assert np.array_equal(values[VISIBILITIES], np.isfinite(values[KEYPOINTS]).all(-1))
    height, width = gray.shape
    white = gray > (gray.min() + gray.max()) / 2 if gray.max() > gray.min() else gray > np.inf
    for row in range(count):
        mask = values[MASKS][row] > 0
        sure = ~_grown(~mask)
        assert sure.sum() == 0 or np.mean(white[sure]) > (0.7 if name == "random_black_patches" else 0.97)
        box = values[BOXES][row] * [height, width, height, width]
        if name != "random_jitter_boxes":
            _check_box(box, mask, white)
        for place in values[KEYPOINTS][row][values[VISIBILITIES][row]] * [height, width]:
            y, x = np.clip(np.floor(place).astype(int), 0, [height - 1, width - 1])
            assert _grown(mask)[y, x]


# Where the permutation of a step puts the keypoints, if it was done.
ORDERS = {
    "random_horizontal_flip": [1, 0, 2],
    "random_vertical_flip": [1, 0, 2],
    "random_rotation90": [2, 1, 0],
}


def _check_points(name: str, values: dict[str, Array], numbers: Array) -> None:
    """Depths go with their keypoints; DensePose points, which are never permuted, are where those keypoints are."""
    weights = values[DEPTH_WEIGHTS]
    own = NUMBERS[numbers]
    changed = not np.array_equal(weights, own)
    order = ORDERS[name] if changed else [0, 1, 2]
    np.testing.assert_array_equal(weights, own[:, order])
    there = values[VISIBILITIES]
    np.testing.assert_array_equal(values[DEPTHS][there], weights[there])
    points = np.full_like(values[KEYPOINTS], np.nan)
    points[:, order] = values[KEYPOINTS]
    np.testing.assert_allclose(values[DENSEPOSE][:, :3], points, rtol=0, atol=1e-6)
    assert np.isnan(values[DENSEPOSE][:, 3]).all()
    mirrored = values[DENSEPOSE_PARTS][:, :3] != own
    assert not mirrored.any() or (
        name in ("random_horizontal_flip", "random_vertical_flip") and mirrored.all()
    )
    np.testing.assert_array_equal(
        values[DENSEPOSE_PARTS][:, :3], np.where(mirrored, own.astype(int) ^ 1, own)
    )
    surface = np.stack([own / 10.0, np.zeros_like(own)], -1)
    want = np.where(mirrored[..., np.newaxis], other_side(surface), surface)
    np.testing.assert_allclose(values[DENSEPOSE_SURFACE][:, :3], want, rtol=0, atol=1e-6)


def _check_box(box: Array, mask: Array, white: Array) -> None:
    """The mask lies in its box, fills it, and all that is white well inside the box is of the mask."""
    top, left, bottom, right = np.round(box).astype(int)
    inside = np.zeros_like(mask)
    inside[max(top, 0) : bottom, max(left, 0) : right] = True
    assert not np.any(mask & ~_grown(inside))
    rows, columns = np.where(mask)
    if len(rows):
        edges = np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1])
        limits = np.array([mask.shape[0], mask.shape[1]] * 2)
        assert np.all(
            np.abs(edges - np.clip(box, 0, limits))[[2, 3]] <= 2 + _hidden(edges, limits, box)[[2, 3]]
        )
    outside_mask = inside & ~_grown(mask)
    assert outside_mask.sum() == 0 or np.mean(white[outside_mask]) < 0.03


def _hidden(edges: Array, limits: Array, box: Array) -> Array:
    """Where a crop took away an arm of the L, its box is longer than what is left of it: any length will do."""
    cut = np.any(box < 0.5) or np.any(box > limits - 0.5)
    return np.full(4, np.inf if cut else 0.0)


@pytest.mark.parametrize("name", [name for name in augment.STEPS if VALUES.get(name, "") is not None])
@pytest.mark.usefixtures("symmetry")
def test_image_boxes_masks_and_points_agree(read_message: Callable[[str, str], Config], name: str) -> None:
    config = read_message(f"{name} {{ {VALUES.get(name, '')} }}", "PreprocessingStep")
    step = augment.STEPS[name](config.message(name))
    _check(name, _start())

    @tf.autograph.experimental.do_not_convert
    def run(element: Any) -> Any:
        return step(_start(), SeededDraws(tf.constant(4, tf.int64), element))

    first, again = (
        list(tf.data.Dataset.range(len(SEEDS)).map(run, 2, deterministic=True).as_numpy_iterator())
        for _ in range(2)
    )
    for one, other in zip(first, again, strict=True):
        _check(name, one)
        for key, value in one.items():
            np.testing.assert_array_equal(value, other[key])


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("random_horizontal_flip { probability: 1 keypoint_flip_permutation: [1, 0, 2] }", [1, 0, 2]),
        ("random_vertical_flip { probability: 1 keypoint_flip_permutation: [2, 0, 1] }", [2, 0, 1]),
        ("random_rotation90 { probability: 1 keypoint_rot_permutation: [2, 1, 0] }", [2, 1, 0]),
        ("random_rotation90 { probability: 1 }", [0, 1, 2]),
    ],
)
@pytest.mark.usefixtures("symmetry")
def test_keypoints_and_what_they_have_change_places_together(
    read_message: Callable[[str, str], Config], text: str, order: list[int]
) -> None:
    config = read_message(text, "PreprocessingStep")
    name = config.which(augment.ONEOF)
    assert name is not None
    draws = SeededDraws(tf.constant(1, tf.int64), tf.constant(0, tf.int64))
    plain = read_message(f"{name} {{ probability: 1 }}", "PreprocessingStep")
    moved = augment.STEPS[name](plain.message(name))(_start(), draws)
    result = augment.STEPS[name](config.message(name))(_start(), draws)
    np.testing.assert_array_equal(result[KEYPOINTS], moved[KEYPOINTS].numpy()[:, order])
    for key in (VISIBILITIES, DEPTHS, DEPTH_WEIGHTS):
        np.testing.assert_array_equal(result[key], moved[key].numpy()[:, order])


def test_colour_steps_leave_additional_channels_alone(read_message: Callable[[str, str], Config]) -> None:
    steps = (
        "random_adjust_hue",
        "random_rgb_to_gray",
        "rgb_to_gray",
        "random_jpeg_quality",
        "random_distort_color",
    )
    image = np.random.default_rng(1).integers(0, 256, (20, 24, 5)).astype(np.uint8)
    for name in steps:
        config = read_message(f"{name} {{ }}", "PreprocessingStep").message(name)
        draws = SeededDraws(tf.constant(1, tf.int64), tf.constant(0, tf.int64))
        result = augment.STEPS[name](config)({**_start(), IMAGE: tf.constant(image)}, draws)[IMAGE]
        np.testing.assert_array_equal(result[..., 3:], image[..., 3:])
        assert result.shape == image.shape
