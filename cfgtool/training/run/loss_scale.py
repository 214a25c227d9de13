"""A scale for the loss, so that small gradients survive in float16."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf
from tensorflow import Tensor

START = 2.0**15
GROWS_AFTER = 2000
"""Steps in a row with finite gradients after which the scale doubles."""


class LossScale(tf.Module):
    """A factor that halves when gradients overflow and doubles after many steps without (Micikevicius et al. 2018).

    Gradients of the scaled loss are divided by it before they are used; those of a step that overflowed are
    dropped. Its state belongs to the checkpoint.
    """

    def __init__(self) -> None:
        super().__init__()
        self.factor = tf.Variable(START, trainable=False, name="factor")
        self.finite_steps = tf.Variable(0, dtype=tf.int64, trainable=False, name="finite_steps")

    def scaled(self, loss: Tensor) -> Tensor:
        """The loss (a float32 scalar) times the factor."""
        return loss * self.factor

    def unscaled(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """The gradients of the loss itself."""
        inverse = 1.0 / self.factor
        return [gradient * inverse for gradient in gradients]

    def update(self, finite: Tensor) -> None:
        """Adapt to a step whose gradients were finite or not (a scalar bool)."""
        none = tf.zeros_like(self.finite_steps)
        count = tf.where(finite, self.finite_steps + 1, none)
        grown = count >= GROWS_AFTER
        factor = tf.where(finite, tf.where(grown, 2.0 * self.factor, self.factor), 0.5 * self.factor)
        self.factor.assign(tf.maximum(factor, 1.0))
        self.finite_steps.assign(tf.where(grown, none, count))
