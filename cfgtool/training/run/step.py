"""One training step as one traced function: forward, losses, gradients, clipping, update."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.schema import Config
from cfgtool.training import replicas
from cfgtool.training.run.distribution import Distribution, part_of
from cfgtool.training.run.loop import TOTAL_LOSS
from cfgtool.training.run.loss_scale import LossScale

Batch = Mapping[str, Any]
Values = dict[str, Tensor]

TAG = "Loss/"
"""What the names of losses begin with."""
PENALTY = "regularization_loss"


class Trainee(Protocol):
    """A detector as the step sees it."""

    @property
    def trainable_by_name(self) -> dict[str, tf.Variable]:
        """The variables to update, trainable and not frozen, by our names."""

    def losses(self, batch: Batch, training: bool, step: Tensor | None = None) -> dict[str, Tensor]:
        """Named scalar losses of a batch; `step` seeds what is random in them."""

    def regularization(self) -> Tensor | None:
        """The L2 penalty over all regularised weights, None without any."""


class Optimizer(Protocol):
    """An optimizer as the step sees it."""

    def apply(self, gradients: list[Tensor], variables: list[tf.Variable], learning_rate: Tensor) -> None:
        """Update `variables` in place."""


@dataclass(frozen=True)
class StepSettings:
    """What a step does with losses and gradients.

    `clip_norm` is the global norm to clip to, 0 for none; `regularize` adds the penalty on weights;
    `bias_factor` multiplies gradients of biases; `accumulate` is the number of equal parts that a batch is
    computed in, one after the other; `jit` compiles with XLA.
    """

    clip_norm: float = 0.0
    regularize: bool = True
    bias_factor: float = 1.0
    accumulate: int = 1
    jit: bool = False


def step_settings(train_config: Config, *, accumulate: int = 1, jit: bool = False) -> StepSettings:
    """The settings that a `TrainConfig` and the command line give; a `bias_grad_multiplier` of 0 means 1, as in TF1."""
    return StepSettings(
        clip_norm=train_config.number("gradient_clipping_by_norm"),
        regularize=train_config.flag("add_regularization_loss"),
        bias_factor=train_config.number("bias_grad_multiplier") or 1.0,
        accumulate=accumulate,
        jit=jit,
    )


def make_step(
    detector: Trainee,
    optimizer: Optimizer,
    learning_rate: Callable[[Tensor], Tensor],
    step: tf.Variable,
    settings: StepSettings,
    loss_scale: LossScale | None = None,
    distribution: Distribution | None = None,
    signature: Mapping[str, tf.TensorSpec] | None = None,
) -> Callable[[Batch], Values]:
    """The step: this process's batch -> losses, `learning_rate`, `gradient_norm`.

    With a `distribution` it is one of several shares; losses are those of all shares together. The rate is that of the
    step before the update, as in the OD API. With `accumulate` above 1 losses and gradients are means over the parts;
    each part normalises its losses and its batch norms on its own. `signature` says of batches whose images differ in
    size what they have in common, so that the step is traced once for all.
    """
    parts = settings.accumulate
    spread = distribution or Distribution()
    slopes = _Slopes(detector, settings.regularize, loss_scale)
    update = _Update(detector, optimizer, learning_rate, step, settings, loss_scale)

    def train_step(batch: Batch) -> Values:
        found = slopes(batch, step)
        return {**found.losses, **update(found.gradients)}

    if parts == 1:
        return _traced(train_step, settings.jit, spread, signature)
    with spread.scope():
        sums = [tf.Variable(tf.zeros(variable.shape), trainable=False) for variable in update.variables]

    def add(batch: Batch, number: Tensor) -> Values:
        found = slopes(batch, step * parts + number)
        for total, gradient in zip(sums, found.gradients, strict=True):
            total.assign_add(gradient / parts)
        return found.losses

    def finish() -> Values:
        values = update([total.read_value() for total in sums])
        for total in sums:
            total.assign(tf.zeros_like(total))
        return values

    traced_add = _traced(add, settings.jit, spread)
    traced_finish = spread.traced(lambda nothing: finish())

    def in_parts(batch: Batch) -> Values:
        rows = [
            traced_add(part_of(batch, number, parts), tf.constant(number, tf.int64))
            for number in range(parts)
        ]
        means = {name: tf.add_n([row[name] for row in rows]) / parts for name in rows[0]}
        return {**means, **traced_finish({})}

    return in_parts


def _traced(
    function: Callable[..., Values],
    jit: bool,
    spread: Distribution,
    signature: Mapping[str, tf.TensorSpec] | None = None,
) -> Callable[..., Values]:
    """The function of a batch and more as a graph; XLA knows no strings, so it gets the batch without them."""
    if not jit:
        return spread.traced(function, signature)
    traced = spread.traced(tf.function(function, autograph=False, jit_compile=True))

    def without_strings(batch: Batch, *more: Any) -> Values:
        numbers = {name: value for name, value in batch.items() if value.dtype != tf.string}
        return traced(numbers, *more)

    return without_strings


def reported(terms: Mapping[str, Tensor], penalty: Tensor | None) -> Values:
    """Losses under the OD API's tags, the `penalty` on weights among them, and their total.

    `terms` are those of this replica's share of a batch; the penalty counts once over all replicas.
    """
    losses = {f"{TAG}{name}": value for name, value in terms.items()}
    if penalty is not None:
        losses[f"{TAG}{PENALTY}"] = penalty / replicas.count()
    return {**losses, TOTAL_LOSS: tf.add_n(list(losses.values()))}


class _Found(NamedTuple):
    losses: Values
    gradients: list[Tensor]


class _Slopes:
    """Losses of a batch and their gradients."""

    def __init__(self, detector: Trainee, regularize: bool, loss_scale: LossScale | None) -> None:
        self._detector = detector
        self._variables = list(detector.trainable_by_name.values())
        self._regularize = regularize
        self._loss_scale = loss_scale

    def __call__(self, batch: Batch, seed: Tensor) -> _Found:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self._variables)
            terms = self._detector.losses(batch, training=True, step=seed)
            losses = reported(terms, self._detector.regularization() if self._regularize else None)
            total = losses[TOTAL_LOSS]
            target = total if self._loss_scale is None else self._loss_scale.scaled(total)
        gradients = tape.gradient(target, self._variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        gradients = replicas.totals(gradients)
        if self._loss_scale is not None:
            gradients = self._loss_scale.unscaled(gradients)
        return _Found(dict(zip(losses, replicas.totals(list(losses.values())), strict=True)), gradients)


class _Update:
    """What happens with the gradients of a step."""

    def __init__(
        self,
        detector: Trainee,
        optimizer: Optimizer,
        learning_rate: Callable[[Tensor], Tensor],
        step: tf.Variable,
        settings: StepSettings,
        loss_scale: LossScale | None,
    ) -> None:
        named = detector.trainable_by_name
        self.variables = list(named.values())
        self._biases = [name.rpartition("/")[2] == "bias" for name in named]
        self._optimizer = optimizer
        self._learning_rate = learning_rate
        self._step = step
        self._settings = settings
        self._loss_scale = loss_scale

    def __call__(self, gradients: Sequence[Tensor]) -> Values:
        """Update weights, averages and the step; returns `learning_rate` and the norm before clipping."""
        rate = self._learning_rate(self._step)
        gradients = self._weighed(gradients)
        norm = tf.linalg.global_norm(gradients)
        if self._settings.clip_norm > 0.0:
            gradients, _ = tf.clip_by_global_norm(gradients, self._settings.clip_norm, use_norm=norm)
        if self._loss_scale is None:
            self._optimizer.apply(list(gradients), self.variables, rate)
        else:
            finite = tf.math.is_finite(norm)
            tf.cond(finite, lambda: self._applied(gradients, rate), lambda: tf.no_op())
            self._loss_scale.update(finite)
        self._step.assign_add(1)
        return {"learning_rate": rate, "gradient_norm": norm}

    def _applied(self, gradients: Sequence[Tensor], rate: Tensor) -> tf.Operation:
        self._optimizer.apply(list(gradients), self.variables, rate)
        return tf.no_op()

    def _weighed(self, gradients: Sequence[Tensor]) -> Sequence[Tensor]:
        factor = self._settings.bias_factor
        if factor == 1.0:
            return gradients
        return [
            gradient * factor if bias else gradient
            for gradient, bias in zip(gradients, self._biases, strict=True)
        ]
