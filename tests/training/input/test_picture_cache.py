"""Decoded pictures that are kept: the same batches, each picture decoded once, within a budget."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.input.picture_cache import PictureCache, default_budget, picture_cache
from cfgtool.training.input.pipeline import training_batches

SIDE = 4


def pictures(count: int) -> list[bytes]:
    images = np.arange(count * SIDE * SIDE * 3, dtype=np.uint8).reshape(count, SIDE, SIDE, 3)
    return [tf.io.encode_png(image).numpy() for image in images]


def through(cache: PictureCache, encoded: list[bytes], epochs: int) -> tuple[list[np.ndarray], int]:
    """What the cache gives for pictures that come again in each epoch, and how often it decoded."""
    decoded = tf.Variable(0)

    def decode(png: tf.Tensor) -> tf.Tensor:
        with tf.control_dependencies([decoded.assign_add(1)]):
            return tf.io.decode_png(png, channels=3)

    data = tf.data.Dataset.from_tensor_slices(encoded).repeat(epochs)
    found = [picture.numpy() for picture in data.map(lambda png: cache.decoded(png, decode))]
    return found, int(decoded)


def test_each_picture_is_decoded_once() -> None:
    encoded = pictures(5)
    cache = PictureCache(2**20)
    found, decoded = through(cache, encoded, 3)
    assert (decoded, len(cache), cache.used) == (5, 5, 5 * SIDE * SIDE * 3)
    for number, picture in enumerate(found):
        np.testing.assert_array_equal(picture, tf.io.decode_png(encoded[number % 5], channels=3))


def test_no_more_is_kept_than_fits() -> None:
    cache = PictureCache(2 * SIDE * SIDE * 3 + 1)
    _, decoded = through(cache, pictures(5), 2)
    assert len(cache) == 2
    assert decoded == 5 + 3


def test_sizes() -> None:
    assert picture_cache(0) is None
    three = picture_cache(3)
    assert three is not None
    assert three.budget == 3 * 2**20
    default = picture_cache(None)
    assert default is not None
    assert 0 < default.budget <= 8 * 2**30
    assert default_budget() > 0


def test_batches_are_the_same(fixtures: Path) -> None:
    text = (fixtures / "demo" / "pipeline.config").read_text()
    config = read_config(parse(text.replace("../shapes", str(fixtures / "shapes"))))
    cache = PictureCache(2**30)
    plain = training_batches(config, batch_size=64, seed=3)
    kept = training_batches(config, batch_size=64, seed=3, cache=cache)
    for one, other in zip(plain.take(8), kept.take(8), strict=True):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    assert len(cache) == 320


@pytest.mark.parametrize("broken", [b"", b"no picture"])
def test_what_cannot_be_decoded_stays_an_error(broken: bytes) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError):
        through(PictureCache(2**20), [broken], 1)
