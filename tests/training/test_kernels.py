"""Operations with gradients of our own against TensorFlow's derivation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.training.kernels import add_doubled, pointwise_conv


def plain_conv(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    return tf.nn.conv2d(x, kernel, 1, "SAME")


def plain_add(small: tf.Tensor, large: tf.Tensor) -> tf.Tensor:
    return large + tf.repeat(tf.repeat(small, 2, axis=1), 2, axis=2)


def values_and_gradients(function: Callable[..., tf.Tensor], *inputs: tf.Tensor) -> list[tf.Tensor]:
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        y = function(*inputs)
        total = tf.reduce_sum(y * tf.cos(tf.range(tf.size(y), dtype=tf.float32)).numpy().reshape(y.shape))
    return [y, *tape.gradient(total, inputs)]


def numbers(*shape: int) -> tf.Tensor:
    return tf.random.stateless_normal(shape, [len(shape), shape[-1]])


@pytest.mark.parametrize(
    ("ours", "plain", "inputs"),
    [
        pytest.param(pointwise_conv, plain_conv, (numbers(2, 5, 7, 6), numbers(1, 1, 6, 4)), id="pointwise"),
        pytest.param(add_doubled, plain_add, (numbers(2, 3, 4, 5), numbers(2, 6, 8, 5)), id="doubled"),
    ],
)
def test_values_and_gradients_are_tensorflow_s(
    ours: Callable[..., tf.Tensor], plain: Callable[..., tf.Tensor], inputs: tuple[tf.Tensor, ...]
) -> None:
    for got, wanted in zip(
        values_and_gradients(ours, *inputs), values_and_gradients(plain, *inputs), strict=True
    ):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)


def test_a_batch_of_any_size_has_gradients() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3])])
    def slope(x: tf.Tensor) -> tf.Tensor:
        kernel = numbers(1, 1, 3, 2)
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            total = tf.reduce_sum(pointwise_conv(x, kernel))
        return tape.gradient(total, kernel)

    x = numbers(3, 4, 5, 3)
    np.testing.assert_allclose(
        slope(x)[0, 0], tf.repeat(tf.reduce_sum(x, [0, 1, 2])[:, tf.newaxis], 2, 1), rtol=1e-4
    )
