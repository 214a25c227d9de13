"""Losses weighed by the chance to be sampled, instead of sampling: `Loss.expected_loss_weights`.

A sampler keeps all positives of an image and draws, without replacement, `ratio` negatives for each of them, but at
least so many. Each negative then has the same chance `b`, and the expected loss is the sum over the positives plus `b`
times the sum over the negatives. Targets between 0 and 1 are the chance of being positive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow import Tensor

if TYPE_CHECKING:
    from cfgtool.schema import Config


class ExpectedWeights:
    """Weights of samples as positives and as negatives.

    `capped` is the expectation over sampling: no negative counts more than once. Otherwise negatives are weighed so
    that positives and negatives have the wanted ratio, however few there are.
    """

    def __init__(self, ratio: float, least_negatives: float, *, capped: bool) -> None:
        """`ratio` negatives per positive and at least `least_negatives` in each image."""
        self._ratio = ratio
        self._least = least_negatives
        self._capped = capped

    def of(self, positive: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor]:
        """Weights [batch, n] of the losses as a positive and as a negative.

        `positive` [batch, n] is the chance of being positive, `candidates` bool [batch, n] what can be sampled.
        """
        count = tf.cast(candidates, tf.float32)
        positive *= count
        positives = tf.reduce_sum(positive, axis=1, keepdims=True)
        negatives = tf.reduce_sum(count, axis=1, keepdims=True) - positives
        wanted = tf.maximum(self._ratio * positives, self._least)
        chance = tf.math.divide_no_nan(wanted, negatives)
        if self._capped:
            chance = tf.minimum(chance, 1.0)
        return positive, (count - positive) * chance


def build_expected_weights(config: Config) -> ExpectedWeights | None:
    """The weights that a `Loss` message asks for, None for NONE."""
    kind = config.enum("expected_loss_weights")
    if kind == "NONE":
        return None
    return ExpectedWeights(
        config.number("desired_negative_sampling_ratio"),
        config.number("min_num_negative_samples"),
        capped=kind == "EXPECTED_SAMPLING",
    )
