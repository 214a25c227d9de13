"""Optimizers: momentum, Adam, RMSProp, and the moving average of weights.

State lives in ordinary variables, one per trained variable, under the name of that variable: a checkpoint
restores it whatever the order of the variables. Updates run in TensorFlow's fused kernels, one per variable
(measured on a CPU: twice as fast as one update of all weights joined). They act on the variable of the
current replica, so `apply` may run in a replica context; gradients must have been summed over the replicas
before.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.schema import Config

Slots = dict[str, tf.Variable]


class Optimizer(tf.Module, ABC):
    """What all optimizers share: named state, the count of updates, the average that follows the weights."""

    def __init__(self, variables: Mapping[str, tf.Variable], average: MovingAverage | None = None) -> None:
        """`variables` are the variables to train, by a name that stays the same from run to run."""
        super().__init__()
        self._names = {variable.ref(): name for name, variable in variables.items()}
        self.iterations = tf.Variable(0, dtype=tf.int64, trainable=False, name="iterations")
        self.average = average

    def apply(
        self, gradients: Sequence[Tensor], variables: Sequence[tf.Variable], learning_rate: Tensor
    ) -> None:
        """Update `variables` in place by their gradients.

        Raises KeyError for a variable that was not named at the start.
        """
        rate = tf.cast(learning_rate, tf.float32)
        count = _increment(self.iterations)
        for gradient, variable in zip(gradients, variables, strict=True):
            self._update(variable, gradient, self._names[variable.ref()], rate, count)
        if self.average is not None:
            self.average.update(variables, [self._names[variable.ref()] for variable in variables], count)

    @property
    @abstractmethod
    def slots(self) -> dict[str, Slots]:
        """The state of the trained variables by name, for each kind of slot as Keras calls it."""

    @property
    @abstractmethod
    def settings(self) -> dict[str, float]:
        """The constants of the update by their names in Keras; `decay` is that of the learning rate."""

    def name_of(self, variable: Any) -> str | None:
        """The name of a trained variable, None for anything else."""
        return self._names.get(variable.ref()) if isinstance(variable, tf.Variable) else None

    @abstractmethod
    def _update(
        self, variable: tf.Variable, gradient: Tensor, name: str, rate: Tensor, count: Tensor
    ) -> None:
        """Update one variable; `count` is the number of this update, from 1, as float32."""


class Momentum(Optimizer):
    """`velocity = momentum x velocity - rate x gradient; weight += velocity` (no Nesterov look-ahead).

    With `rate_outside`, as in TF1, `velocity = momentum x velocity + gradient; weight -= rate x velocity`: a changed
    rate acts on the earlier gradients too.
    """

    def __init__(
        self,
        variables: Mapping[str, tf.Variable],
        momentum: float = 0.9,
        average: MovingAverage | None = None,
        *,
        rate_outside: bool = False,
    ) -> None:
        super().__init__(variables, average)
        self._momentum, self._rate_outside = momentum, rate_outside
        self.momentum = _slots(variables)

    @property
    def slots(self) -> dict[str, Slots]:
        """See `Optimizer`; Keras keeps no velocity where there is no momentum."""
        return {"momentum": self.momentum} if self._momentum else {}

    @property
    def settings(self) -> dict[str, float]:
        """See `Optimizer`."""
        return {"decay": 0.0, "momentum": self._momentum}

    def _update(
        self, variable: tf.Variable, gradient: Tensor, name: str, rate: Tensor, count: Tensor
    ) -> None:
        del count
        update = (
            tf.raw_ops.ResourceApplyMomentum if self._rate_outside else tf.raw_ops.ResourceApplyKerasMomentum
        )
        update(
            var=variable.handle,
            accum=self.momentum[name].handle,
            lr=rate,
            grad=gradient,
            momentum=self._momentum,
        )


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015) with betas 0.9 and 0.999; epsilon is added outside the corrected root."""

    BETA_1, BETA_2 = 0.9, 0.999

    def __init__(
        self,
        variables: Mapping[str, tf.Variable],
        epsilon: float = 1e-8,
        average: MovingAverage | None = None,
    ) -> None:
        super().__init__(variables, average)
        self._epsilon = epsilon
        self.m = _slots(variables)
        self.v = _slots(variables)

    @property
    def slots(self) -> dict[str, Slots]:
        """See `Optimizer`."""
        return {"m": self.m, "v": self.v}

    @property
    def settings(self) -> dict[str, float]:
        """See `Optimizer`."""
        return {"beta_1": self.BETA_1, "beta_2": self.BETA_2, "decay": 0.0}

    def _update(
        self, variable: tf.Variable, gradient: Tensor, name: str, rate: Tensor, count: Tensor
    ) -> None:
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self.m[name].handle,
            v=self.v[name].handle,
            beta1_power=tf.pow(self.BETA_1, count),
            beta2_power=tf.pow(self.BETA_2, count),
            lr=rate,
            beta1=self.BETA_1,
            beta2=self.BETA_2,
            epsilon=self._epsilon,
            grad=gradient,
        )


class RmsProp(Optimizer):
    """RMSProp (Tieleman and Hinton 2012) with momentum.

    `decay` is the decay of the mean of squared gradients, as the config's field says. The OD API in TF2
    passes it on as a decay of the learning rate by mistake and always uses 0.9 for the mean; that is not
    repeated here. With `tf1` the mean starts at 1 instead of 0, and epsilon stands under the root without momentum too.
    """

    def __init__(
        self,
        variables: Mapping[str, tf.Variable],
        decay: float = 0.9,
        momentum: float = 0.9,
        epsilon: float = 1.0,
        average: MovingAverage | None = None,
        *,
        tf1: bool = False,
    ) -> None:
        super().__init__(variables, average)
        self._decay, self._momentum, self._epsilon = decay, momentum, epsilon
        self.rms = _slots(variables, 1.0 if tf1 else 0.0)
        self.momentum = _slots(variables) if momentum or tf1 else {}

    @property
    def slots(self) -> dict[str, Slots]:
        """See `Optimizer`."""
        return {"rms": self.rms, "momentum": self.momentum} if self.momentum else {"rms": self.rms}

    @property
    def settings(self) -> dict[str, float]:
        """See `Optimizer`."""
        return {"decay": 0.0, "momentum": self._momentum, "rho": self._decay}

    def _update(
        self, variable: tf.Variable, gradient: Tensor, name: str, rate: Tensor, count: Tensor
    ) -> None:
        del count
        if self.momentum:
            tf.raw_ops.ResourceApplyRMSProp(
                var=variable.handle,
                ms=self.rms[name].handle,
                mom=self.momentum[name].handle,
                lr=rate,
                rho=self._decay,
                momentum=self._momentum,
                epsilon=self._epsilon,
                grad=gradient,
            )
            return
        # Without momentum Keras adds epsilon to the root, not under it.
        mean = self._decay * self.rms[name] + (1.0 - self._decay) * tf.square(gradient)
        _assign(self.rms[name], mean)
        _subtract(variable, rate * gradient / (tf.sqrt(mean) + self._epsilon))


class MovingAverage(tf.Module):
    """An average of every trained variable: `average += (1 - d) (weight - average)`.

    `d` is `decay`, at first less: `min(decay, (1 + t) / (10 + t))` at update t, counted from 1. Averages
    start at the weights; the OD API starts them at 0, which is forgotten after some ten updates.
    """

    def __init__(self, variables: Mapping[str, tf.Variable], decay: float = 0.9999) -> None:
        super().__init__()
        self._decay = decay
        self.shadow = {
            name: tf.Variable(variable.read_value(), trainable=False) for name, variable in variables.items()
        }

    def update(self, variables: Sequence[tf.Variable], names: Sequence[str], count: Tensor) -> None:
        """Move the averages of the named variables towards them, at update `count` (from 1)."""
        decay = tf.minimum(self._decay, (1.0 + count) / (10.0 + count))
        for name, variable in zip(names, variables, strict=True):
            shadow = self.shadow[name]
            _subtract(shadow, (shadow - variable) * (1.0 - decay))

    def restart(self, variables: Mapping[str, tf.Variable]) -> None:
        """Set the averages to the weights, after weights came from a fine-tuning checkpoint."""
        for name, shadow in self.shadow.items():
            shadow.assign(variables[name].read_value())

    def swap(self, variables: Mapping[str, tf.Variable]) -> None:
        """Exchange the values of the variables and of their averages; a second call undoes the first."""
        for name, shadow in self.shadow.items():
            variable = variables[name]
            weight = variable.read_value()
            variable.assign(shadow.read_value())
            shadow.assign(weight)


def build_optimizer(
    config: Config, variables: Mapping[str, tf.Variable], generation: str = "tf2"
) -> Optimizer:
    """The optimizer that an `Optimizer` message describes, for variables by name, as that generation updates.

    `use_moving_average`, true where it is not written, adds `average`. Raises UserError for an empty message.
    """
    kind = config.which("optimizer")
    if kind is None:
        raise UserError(f"'{config.path}' chooses no optimizer", hint="write momentum_optimizer { ... }")
    average = None
    if config.flag("use_moving_average"):
        average = MovingAverage(variables, config.number("moving_average_decay"))
    optimizer = config.message(kind)
    if kind == "momentum_optimizer":
        momentum = optimizer.number("momentum_optimizer_value")
        return Momentum(variables, momentum, average, rate_outside=generation == "tf1")
    if kind == "adam_optimizer":
        return Adam(variables, optimizer.number("epsilon"), average)
    momentum, epsilon = optimizer.number("momentum_optimizer_value"), optimizer.number("epsilon")
    decay = optimizer.number("decay")
    return RmsProp(variables, decay, momentum, epsilon, average, tf1=generation == "tf1")


def _slots(variables: Mapping[str, tf.Variable], start: float = 0.0) -> Slots:
    return {
        name: tf.Variable(tf.fill(variable.shape, tf.cast(start, variable.dtype)), trainable=False)
        for name, variable in variables.items()
    }


# Raw operations on the handle work in a replica context, where `Variable.assign` asks how to aggregate.
def _assign(variable: tf.Variable, value: Tensor) -> None:
    tf.raw_ops.AssignVariableOp(resource=variable.handle, value=value)


def _subtract(variable: tf.Variable, value: Tensor) -> None:
    tf.raw_ops.AssignSubVariableOp(resource=variable.handle, value=value)


def _increment(variable: tf.Variable) -> Tensor:
    """Add 1; returns the new value as float32."""
    count = variable.read_value() + 1
    _assign(variable, count)
    return tf.cast(count, tf.float32)
