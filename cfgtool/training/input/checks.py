"""Checks of what a record holds, tied to the tensors that would be wrong without them."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor


def counted(value: Tensor, number: Tensor, wanted: int | Tensor, message: str) -> Tensor:
    """The value, after a check that `number` is the one wanted; the message is what `pipeline.explain` reports."""
    # What a dataset runs is a graph, in which the check has to be tied to what would fail without it.
    with tf.control_dependencies([tf.debugging.assert_equal(number, wanted, message)]):
        return tf.identity(value)


def shaped(values: Tensor, shape: Tensor, message: str) -> Tensor:
    """The values in this shape, after a check that they fill it."""
    return tf.reshape(counted(values, tf.size(values), tf.reduce_prod(shape), message), shape)


def or_default(values: Tensor, count: Tensor, default: float) -> Tensor:
    """The values [n], or the default for each of `count` objects where the record has none."""
    return tf.cond(
        tf.size(values) > 0, lambda: values, lambda: tf.fill([count], tf.cast(default, values.dtype))
    )
