"""Checks of what a record holds, tied to the tensors that would be wrong without them."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor


def counted(value: Tensor, number: Tensor, wanted: int | Tensor, message: str) -> Tensor:
    """The value, after a check that `number` is the one wanted; the message is what `pipeline.explain` reports."""
    # What a dataset runs is a graph, in which the check has to be tied to what would fail without it.
    with tf.control_dependencies([required(tf.reduce_all(tf.equal(number, wanted)), message)]):
        return tf.identity(value)


def required(condition: Tensor, message: str) -> tf.Operation | None:
    """Stops with the message where the condition, a scalar, does not hold."""
    # Those of tf.debugging put a branch around this, which costs more than the check.
    return tf.raw_ops.Assert(condition=condition, data=[tf.constant(message)], summarize=1)


def shaped(values: Tensor, shape: Tensor, message: str) -> Tensor:
    """The values in this shape, after a check that they fill it."""
    return tf.reshape(counted(values, tf.size(values), tf.reduce_prod(shape), message), shape)


def or_default(values: Tensor, count: Tensor, default: float) -> Tensor:
    """The values [n], or the default for each of `count` objects where the record has none."""
    missing = tf.where(tf.size(values) > 0, 0, count)
    return tf.concat([values, tf.fill([missing], tf.cast(default, values.dtype))], 0)
