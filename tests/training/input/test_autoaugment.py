"""AutoAugment: single operations as the OD API's, and whole policies that keep image, boxes, masks and keypoints together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.schema import Config
from cfgtool.training.input import augment
from cfgtool.training.input.autoaugment import IN_BOXES, OPERATIONS, POLICIES, WHOLE, policy
from cfgtool.training.input.autoaugment_moves import GRAY, Chances
from cfgtool.training.input.draws import SeededDraws
from cfgtool.training.input.example import BOXES, CLASSES, IMAGE, KEYPOINTS, MASKS, VISIBILITIES, WEIGHTS

RECORDED = json.loads((Path(__file__).parent / "recorded/autoaugment.json").read_text())["cases"]
SIZE = 40, 56
BOX_LIST = [[0.1, 0.1, 0.5, 0.5], [0.4, 0.5, 0.9, 0.95], [0.0, 0.7, 0.3, 1.0]]
MOVES = [name for name in OPERATIONS if name.partition("_")[0][:-1] in ("Translate", "Shear")] + [
    "Rotate_BBox",
    "Flip_Only_BBoxes",
]


def _ramps() -> Any:
    image = np.zeros((*SIZE, 3), np.uint8)
    image[..., 0] = np.linspace(20, 200, SIZE[1])
    image[..., 1] = np.linspace(0, 255, SIZE[0])[:, np.newaxis]
    image[..., 2] = np.random.default_rng(5).integers(40, 90, SIZE)
    return image


def _chances(draw: float, sign: float, boxes: int = 3) -> Chances:
    one, each = tf.constant(draw), tf.fill([boxes], draw)
    return Chances(tf.constant(sign), one, one, one, tf.zeros([boxes]), each, each)


def _operate(example: dict[str, Any], name: str, level: float, draw: float, sign: float) -> dict[str, Any]:
    chance = _chances(draw, sign, len(example[BOXES]))
    result: dict[str, Any] = OPERATIONS[name](example, tf.constant(level), chance, tf.constant(3.0))
    return result


@pytest.mark.parametrize(
    "case", RECORDED, ids=lambda case: f"{case['operation']}-{case['level']:.3g}-{case['draw']}"
)
def test_operations_are_those_of_the_od_api(case: dict[str, Any]) -> None:
    """Pixels exactly, after smoothing to one grey level. Boxes to the two pixels that the OD API loses by counting in whole ones."""
    example = {IMAGE: tf.constant(_ramps()), BOXES: tf.constant(BOX_LIST), CLASSES: tf.range(1, 4)}
    result = _operate(example, case["operation"], case["level"], case["draw"], case["sign"])
    pixels = result[IMAGE].numpy()
    if "sample" in case:
        np.testing.assert_allclose(pixels.ravel()[::97].astype(int), case["sample"], rtol=0, atol=1)
    else:
        assert hashlib.sha256(pixels.tobytes()).hexdigest() == case["image_sha256"]
    wanted = dict(enumerate(case.get("boxes", BOX_LIST), 1))
    for label, box in zip(result[CLASSES].numpy(), result[BOXES].numpy(), strict=True):
        # Boxes at the edge are widened to a twentieth of the image there.
        np.testing.assert_allclose(box, wanted[label], rtol=0, atol=0.05 if "boxes" in case else 1e-7)


def _objects() -> dict[str, Any]:
    """Three white blocks on black with a keypoint near a corner of each."""
    masks = np.zeros((3, *SIZE), np.uint8)
    points = np.zeros((3, 1, 2), np.float32)
    for number, (top, left, bottom, right) in enumerate(BOX_LIST):
        place = [round(top * 40), round(left * 56), round(bottom * 40), round(right * 56)]
        masks[number, place[0] : place[2] - 2, place[1] + 1 : place[3] - 3] = 1
        points[number, 0] = (place[0] + 2.5) / 40, (place[1] + 3.5) / 56
    return {
        IMAGE: tf.constant(np.repeat(masks.max(0)[..., np.newaxis] * np.uint8(255), 3, -1)),
        BOXES: tf.constant(BOX_LIST),
        CLASSES: tf.range(1, 4),
        WEIGHTS: tf.ones([3]),
        MASKS: tf.constant(masks),
        KEYPOINTS: tf.constant(points),
        VISIBILITIES: tf.ones([3, 1], tf.bool),
    }


@pytest.mark.parametrize("level", [2.0, 7.0])
@pytest.mark.parametrize("sign", [0.2, 0.8])
@pytest.mark.parametrize("name", MOVES)
def test_masks_and_keypoints_move_with_the_pixels(name: str, sign: float, level: float) -> None:
    level = level / 8 if "Translate" in name else level
    result = {key: value.numpy() for key, value in _operate(_objects(), name, level, 0.5, sign).items()}
    white = result[IMAGE][..., 0] == 255
    assert set(np.unique(result[IMAGE])) <= {0, GRAY, 255}
    assert white.any()
    np.testing.assert_array_equal(result[MASKS].max(0) > 0, white)
    sides = np.array(SIZE)
    for mask, box, points, visible in zip(
        result[MASKS], result[BOXES], result[KEYPOINTS], result[VISIBILITIES], strict=True
    ):
        for y, x in points[visible] * sides:
            assert mask[max(int(y) - 1, 0) : int(y) + 2, max(int(x) - 1, 0) : int(x) + 2].any()
        assert np.isnan(points[~visible]).all()
        if name in WHOLE and mask.any():
            rows, columns = np.where(mask)
            top, left, bottom, right = box * [*SIZE, *SIZE]
            assert top - 1.5 <= rows.min() <= rows.max() + 1 <= bottom + 1.5
            assert left - 1.5 <= columns.min() <= columns.max() + 1 <= right + 1.5


def test_contrast_is_about_the_mean_brightness() -> None:
    """The OD API takes the number of pixels / 256 for it, so that large pictures fade to white."""
    image = tf.constant(
        np.full((4, 4, 3), 100, np.uint8) + np.array([0, 20], np.uint8)[[0, 1, 0, 1], np.newaxis]
    )
    result = _operate({IMAGE: image, BOXES: tf.zeros([0, 4])}, "Contrast", 10.0, 0.5, 0.5)
    np.testing.assert_array_equal(np.unique(result[IMAGE]), [91, 129])


def test_the_policies() -> None:
    sizes = {name: len(policy(name)) for name in POLICIES}
    assert sizes == {"v0": 5, "v1": 20, "v2": 15, "v3": 15}
    entries = [entry for name in POLICIES for choice in policy(name) for entry in choice]
    assert {name for name, _, _ in entries} == set(OPERATIONS)
    assert all(0 <= chance <= 1 and 0 <= level <= 10 for _, chance, level in entries)
    assert set(IN_BOXES) < set(OPERATIONS)


@pytest.mark.parametrize(
    "name", [name if name == "v0" else pytest.param(name, marks=pytest.mark.slow) for name in POLICIES]
)
def test_a_whole_policy(read_message: Callable[[str, str], Config], name: str) -> None:
    """In a dataset: deterministic, different from one picture to the next, and rows stay together."""
    config = read_message(f'autoaugment_image {{ policy_name: "{name}" }}', "PreprocessingStep")
    step = augment.STEPS["autoaugment_image"](config.message("autoaugment_image"))

    @tf.autograph.experimental.do_not_convert
    def run(element: Any) -> Any:
        example = {**_objects(), IMAGE: tf.constant(_ramps())}
        return step(example, SeededDraws(tf.constant(3, tf.int64), element))

    dataset = tf.data.Dataset.range(16).map(run, 2, deterministic=True)
    first, again = (list(dataset.as_numpy_iterator()) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        for key, value in one.items():
            np.testing.assert_array_equal(value, other[key])
        assert one[IMAGE].shape == (*SIZE, 3)
        assert one[IMAGE].dtype == np.uint8
        assert one[MASKS].shape == (len(one[BOXES]), *SIZE)
        assert len(one[KEYPOINTS]) == len(one[VISIBILITIES]) == len(one[CLASSES]) == len(one[BOXES])
        assert np.all((one[BOXES] >= 0) & (one[BOXES] <= 1))
    assert len({one[IMAGE].tobytes() for one in first}) > 4


def test_pictures_without_objects_and_with_additional_channels(
    read_message: Callable[[str, str], Config],
) -> None:
    image = tf.constant(np.random.default_rng(2).integers(0, 256, (*SIZE, 4)).astype(np.float32))
    config = read_message("autoaugment_image { }", "PreprocessingStep")
    step = augment.STEPS["autoaugment_image"](config.message("autoaugment_image"))

    @tf.autograph.experimental.do_not_convert
    def run(element: Any) -> Any:
        example = {key: value[:0] for key, value in _objects().items()}
        return step({**example, IMAGE: image}, SeededDraws(tf.constant(5, tf.int64), element))

    for result in tf.data.Dataset.range(12).map(run).as_numpy_iterator():
        assert result[IMAGE].shape == (*SIZE, 4)
        assert result[MASKS].shape == (0, *SIZE)


def test_an_unknown_policy_is_refused(read_message: Callable[[str, str], Config]) -> None:
    text = 'data_augmentation_options { autoaugment_image { policy_name: "v9" } }'
    ((_, message),) = augment.augmentation_problems(read_message(text, "TrainConfig"))
    assert message == "policy_name 'v9' is none of v0, v1, v2, v3"
