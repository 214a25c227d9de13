"""A minibatch of boxes with a wanted share of positives (Ren et al. 2015, section 3.1.3; Girshick 2015, section 2.3)."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf
from tensorflow import Tensor


class Sample(NamedTuple):
    """The chosen boxes of each image: `indices` int32 [batch, size], of which `chosen` bool [batch, size] are real.

    Indices of what is not real are 0.
    """

    indices: Tensor
    chosen: Tensor


def random_order(shape: Tensor, seed: Tensor) -> Tensor:
    """What decides who comes first, float32 of `shape`: the largest, of equal ones the first.

    `seed` are two integers.
    """
    return tf.random.stateless_uniform(shape, seed)


class BalancedSampler:
    """So many boxes of an image, of which a share at most are positives; negatives fill up.

    Where there are fewer of both, the sample is smaller.
    """

    def __init__(self, size: int, positive_fraction: float) -> None:
        """`size` boxes of an image, `positive_fraction` of them positives at most."""
        self.size = size
        self._most_positives = int(size * positive_fraction)

    def select(self, positive: Tensor, candidates: Tensor, seed: Tensor) -> Sample:
        """Choose among `candidates` bool [batch, n]; `positive` bool [batch, n]. The same `seed` chooses alike.

        Positives come first, each kind in the order in which it was drawn.
        """
        order = random_order(tf.shape(positive), seed)
        positives = _first(positive & candidates, order, self._most_positives)
        negatives = _first(~positive & candidates, order, self.size)
        count = tf.reduce_sum(tf.cast(positives.chosen, tf.int32), axis=1, keepdims=True)
        left = negatives.chosen & (tf.range(self.size) < self.size - count)
        indices = tf.concat([positives.indices, negatives.indices], axis=1)
        chosen = tf.concat([positives.chosen, left], axis=1)
        # The real ones move to the front; of no more than `size` of them none is lost.
        places = tf.argsort(tf.cast(~chosen, tf.int32), axis=1, stable=True)[:, : self.size]
        chosen = tf.gather(chosen, places, batch_dims=1)
        return Sample(tf.where(chosen, tf.gather(indices, places, batch_dims=1), 0), chosen)


def in_place_order(sample: Sample) -> Sample:
    """The same sample by rising index, with what is not real at the end."""
    keys = tf.where(sample.chosen, sample.indices, sample.indices.dtype.max)
    places = tf.argsort(keys, axis=1, stable=True)
    return Sample(*(tf.gather(values, places, batch_dims=1) for values in sample))


def _first(wanted: Tensor, order: Tensor, count: int) -> Sample:
    """The first `count` of those `wanted` bool [batch, n]."""
    ranks = tf.where(wanted, order, -1.0)
    # There may be fewer boxes than places.
    missing = tf.maximum(count - tf.shape(ranks)[1], 0)
    ranks = tf.pad(ranks, [[0, 0], [0, missing]], constant_values=-1.0)
    values, indices = tf.math.top_k(ranks, count)
    return Sample(indices, values >= 0.0)
