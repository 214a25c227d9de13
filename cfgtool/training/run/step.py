"""One training step as one traced function: forward, losses, gradients, clipping, update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import tensorflow as tf

from cfgtool.training.run.loop import TOTAL_LOSS


class Trainee(Protocol):
    """A detector as the step sees it."""

    @property
    def trainable(self) -> list[tf.Variable]:
        """The variables to update: trainable and not frozen."""

    def losses(
        self, batch: Mapping[str, Any], training: bool, step: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """Named scalar losses of a batch; `step` seeds what is random in them."""

    def regularization(self) -> tf.Tensor | None:
        """The L2 penalty over all regularised weights, None without any."""


class Optimizer(Protocol):
    """An optimizer as the step sees it."""

    def apply(
        self, gradients: list[tf.Tensor], variables: list[tf.Variable], learning_rate: tf.Tensor
    ) -> None:
        """Update `variables` in place."""


def make_step(
    detector: Trainee,
    optimizer: Optimizer,
    learning_rate: Callable[[tf.Tensor], tf.Tensor],
    step: tf.Variable,
    *,
    clip_norm: float,
    regularize: bool,
) -> Callable[[Mapping[str, Any]], dict[str, tf.Tensor]]:
    """The traced step: batch -> losses, `learning_rate`, `gradient_norm`.

    `clip_norm` is `train_config.gradient_clipping_by_norm`, 0 for none; `regularize` is
    `train_config.add_regularization_loss`. The rate is that of the step before the update, as in the OD API.
    """
    variables = detector.trainable

    def train_step(batch: Mapping[str, Any]) -> dict[str, tf.Tensor]:
        rate = learning_rate(step)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            losses = {
                f"Loss/{name}": value
                for name, value in detector.losses(batch, training=True, step=step).items()
            }
            penalty = detector.regularization() if regularize else None
            if penalty is not None:
                losses["Loss/regularization_loss"] = penalty
            total = tf.add_n(list(losses.values()))
        gradients = tape.gradient(total, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        norm = tf.linalg.global_norm(gradients)
        if clip_norm > 0.0:
            gradients, _ = tf.clip_by_global_norm(gradients, clip_norm, use_norm=norm)
        optimizer.apply(gradients, variables, rate)
        step.assign_add(1)
        return {**losses, TOTAL_LOSS: total, "learning_rate": rate, "gradient_norm": norm}

    return tf.function(train_step, autograph=False)
