"""Operations on boxes, on tensors: against plain loops, and the shapes of the dry run."""

from __future__ import annotations

import pytest

pytest.importorskip("tensorflow")

import numpy as np
import tensorflow as tf

from cfgtool.networks.shapes import ShapeOps
from cfgtool.training.tensor_ops import TensorOps
from cfgtool.training.tensor_weights import Weights

OPS = TensorOps(Weights([]), training=False)
SHAPES = ShapeOps()
RNG = np.random.default_rng(7)
IMAGE = np.zeros((2, 256, 320, 3), np.float32)


def values(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def boxes(count: int) -> np.ndarray:
    """Boxes inside the image [2, count, 4]."""
    ends = np.sort(RNG.uniform(0.0, 1.0, (2, count, 2, 2)), axis=2)
    return ends.reshape(2, count, 4).astype(np.float32)


def sample(x: np.ndarray, y: float, x_: float, *, fade: bool) -> np.ndarray:
    """The value of a map [height, width, channels] between its pixels."""
    height, width, channels = x.shape
    inside = 0 <= y <= height - 1 and 0 <= x_ <= width - 1
    if not fade and not inside:
        return np.zeros(channels)
    total = np.zeros(channels)
    for row in (int(np.floor(y)), int(np.floor(y)) + 1):
        for column in (int(np.floor(x_)), int(np.floor(x_)) + 1):
            if 0 <= row < height and 0 <= column < width:
                total += x[row, column] * max(0, 1 - abs(y - row)) * max(0, 1 - abs(x_ - column))
    return total


def crop(x: np.ndarray, box: np.ndarray, size: tuple[int, int], *, fade: bool) -> np.ndarray:
    """One crop by its definition."""
    height, width, channels = x.shape
    result = np.zeros((*size, channels))
    for row in range(size[0]):
        for column in range(size[1]):
            parts = (row / (size[0] - 1), column / (size[1] - 1))
            y = (box[0] + parts[0] * (box[2] - box[0])) * (height - 1)
            x_ = (box[1] + parts[1] * (box[3] - box[1])) * (width - 1)
            result[row, column] = sample(x, y, x_, fade=fade)
    return result


@pytest.mark.parametrize("fade", [False, True])
def test_crops_are_bilinear_samples(fade: bool) -> None:
    maps = values(2, 6, 9, 4)
    some = boxes(3)
    # Partly and wholly outside the image.
    some[0, 0], some[1, 2] = (-0.11, 0.2, 0.6, 1.07), (1.5, 1.5, 2.0, 2.0)
    got = OPS.crop_and_resize([tf.constant(maps)], tf.constant(some), (3, 4), image=IMAGE, fade=fade)
    want = [crop(maps[i // 3], box, (3, 4), fade=fade) for i, box in enumerate(some.reshape(-1, 4))]
    np.testing.assert_allclose(got, want, atol=2e-5)
    assert tuple(got.shape) == SHAPES.crop_and_resize([maps.shape], (2, 3, 4), (3, 4), image=IMAGE.shape)


def test_a_box_is_cropped_from_the_map_of_its_size() -> None:
    """Squares of about 112, 224 and 448 pixels, one without an area, and one larger than the coarsest level's."""
    maps = [np.full((1, 2 ** (5 - level), 2 ** (5 - level), 1), level, np.float32) for level in range(4)]
    edge = 4096.0
    sides = [225, 223, 112, 56, 447, 449, 4000, 0]
    some = np.array([[[0, 0, side / edge, side / edge] for side in sides]], np.float32)
    image = tf.zeros([1, int(edge), int(edge), 1])
    got = OPS.crop_and_resize([tf.constant(x) for x in maps], tf.constant(some), (2, 2), image=image)
    assert got[:, 0, 0, 0].numpy().tolist() == [2, 1, 1, 0, 2, 3, 3, 0]


def test_the_mean_of_bins_is_the_mean_of_their_own_channels() -> None:
    x, some = values(2, 7, 8, 12), boxes(3)
    got = OPS.position_sensitive_mean(tf.constant(x), tf.constant(some), (2, 3), (4, 6))
    assert tuple(got.shape) == SHAPES.position_sensitive_mean(x.shape, (2, 3, 4), (2, 3), (4, 6))
    for number, box in enumerate(some.reshape(-1, 4)):
        height, width = (box[2] - box[0]) / 2, (box[3] - box[1]) / 3
        total = np.zeros(2)
        for index in range(6):
            row, column = divmod(index, 3)
            top, left = box[0] + row * height, box[1] + column * width
            part = np.array([top, left, top + height, left + width])
            group = x[number // 3, :, :, 2 * index : 2 * index + 2]
            total += crop(group, part, (2, 2), fade=True).mean((0, 1))
        np.testing.assert_allclose(got[number], total / 6, atol=2e-5)


def test_attention_is_over_what_counts() -> None:
    queries, keys, found = values(2, 4, 8), values(2, 5, 8), values(2, 5, 6)
    got = OPS.attend(
        *(tf.constant(x) for x in (queries, keys, found)),
        temperature=0.3,
        query_counts=tf.constant([4, 2]),
        key_counts=tf.constant([5, 3]),
    )
    unit = [x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (queries, keys, found)]
    for image, (asked, known) in enumerate(((4, 5), (2, 3))):
        for query in range(4):
            cosine = unit[1][image, :known] @ unit[0][image, query] * (query < asked)
            weights = np.exp(cosine / 0.3) / np.exp(cosine / 0.3).sum()
            np.testing.assert_allclose(got[image, query], weights @ unit[2][image, :known], atol=1e-5)


def test_nothing_that_counts_gives_nothing() -> None:
    x = tf.constant(values(1, 3, 4))
    none = tf.constant([0])
    got = OPS.attend(x, x, x, temperature=0.01, query_counts=tf.constant([3]), key_counts=none)
    assert not np.any(got.numpy())


def test_boxes_of_unknown_number_become_a_batch_and_come_back() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, None, 4]), tf.TensorSpec([None, 6])])
    def there_and_back(some: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        split = OPS.split_batch(x, some)
        assert split.shape.as_list() == [None, None, 6]
        return OPS.merge_batch(split)

    x = values(6, 6)
    np.testing.assert_array_equal(there_and_back(boxes(3), x), x)


def test_corners_stay_corners() -> None:
    x = values(1, 3, 4, 2)
    got = OPS.resize(tf.constant(x), (5, 9), method="corners").numpy()
    np.testing.assert_allclose(got[:, ::4, ::8], x[:, ::2, ::3], atol=1e-6)
    np.testing.assert_allclose(got[:, 1, 0], (x[:, 0, 0] + x[:, 1, 0]) / 2, atol=1e-6)


@pytest.mark.parametrize("fade", [False, True])
@pytest.mark.parametrize("size", [(4, 3), (1, 5)])
def test_crops_have_the_gradient_of_the_operation(fade: bool, size: tuple[int, int]) -> None:
    """Box by box, where no two threads add to one place; and always the same."""
    x = tf.constant(values(2, 9, 7, 4))
    asked = tf.constant(boxes(6) * 1.3 - 0.1)
    weights = tf.constant(values(12, *size, 4))

    def gradient(some: slice) -> np.ndarray:
        with tf.GradientTape() as tape:
            tape.watch(x)
            crops = OPS.crop_and_resize([x], asked, size, image=tf.constant(IMAGE), fade=fade)
            total = tf.reduce_sum((crops * weights)[some])
        return tape.gradient(total, x).numpy()

    expected = np.zeros(x.shape, np.float32)
    for number in range(12):
        with tf.GradientTape() as tape:
            tape.watch(x)
            own = tf.reshape(asked, [-1, 4])[number]
            image = x[number // 6][tf.newaxis]
            if fade:
                edges = tf.constant([9.0, 7.0, 9.0, 7.0])
                own = (own * (edges - 1) + 1) / (edges + 1)
                image = tf.pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]])
            crops = tf.image.crop_and_resize(image, own[tf.newaxis], [0], size)
            total = tf.reduce_sum(crops * weights[number])
        expected += tape.gradient(total, x).numpy()
    every = slice(None)
    np.testing.assert_allclose(gradient(every), expected, atol=1e-5)
    np.testing.assert_array_equal(gradient(every), gradient(every))
