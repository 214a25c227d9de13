"""What a loss or a layer asks of the other replicas of a step; of none where there is no other.

Each replica computes its share of the global batch, and losses such that those of all replicas add up to the loss of the
global batch on one device.
"""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor


def count() -> int:
    """How many replicas compute this step together."""
    context = tf.distribute.get_replica_context()
    return 1 if context is None else int(context.num_replicas_in_sync)


def place() -> int:
    """Which of the replicas computes here, from 0."""
    context = tf.distribute.get_replica_context()
    number = 0 if context is None else context.replica_id_in_sync_group
    return number if isinstance(number, int) else int(tf.get_static_value(number) or 0)


def total(value: Tensor) -> Tensor:
    """The sum of the value over all replicas; its gradient is the sum of their gradients."""
    if count() == 1:
        return value
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, value)


def at_least_one(count: Tensor) -> Tensor:
    """The sum of a count over all replicas, as something to divide by."""
    return tf.maximum(total(count), 1.0)


def totals(values: list[Tensor]) -> list[Tensor]:
    """The sums of several values."""
    if count() == 1:
        return values
    reduced: list[Tensor] = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)
    return reduced
